/** How does a sign-in get from this page into the form? By pressing it: it is copied, and a toast says so. */

const toasts = document.getElementById("toasts");

async function copy(text) {
  await navigator.clipboard.writeText(text);
  const toast = document.createElement("div");
  toast.className = "toast";
  toast.textContent = `Copied ${text}`;
  toasts.replaceChildren(toast);
  setTimeout(() => toast.remove(), 2_500);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  // Browsers offer the clipboard on secure pages only (localhost counts); elsewhere the text can still be selected.
  if (button && navigator.clipboard) copy(button.dataset.copy);
});
