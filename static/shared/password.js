/** May one see what one types into a password field? A button in each of them shows and hides it. */

for (const wrapper of document.querySelectorAll(".password")) {
  const field = wrapper.querySelector("input");
  const toggle = document.createElement("button");
  toggle.type = "button";
  toggle.className = "password__toggle";
  const show = (isShown) => {
    field.type = isShown ? "text" : "password";
    toggle.textContent = isShown ? "Hide" : "Show";
    toggle.setAttribute("aria-label", isShown ? "Hide the password" : "Show the password");
  };
  toggle.addEventListener("click", () => show(field.type === "password"));
  field.form?.addEventListener("submit", () => show(false)); // so that browsers offer to save it as a password
  show(false);
  wrapper.append(toggle);
}
