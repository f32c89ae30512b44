/** How do the shop's own buttons speak to the chat? They open it, ask it the question they carry, or sign its visitor out. */

const chat = document.getElementById("chat");

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-ask], [data-open-chat]");
  if (button?.dataset.ask) chat.ask(button.dataset.ask);
  else if (button) chat.open();
  if (event.target.closest("[data-sign-out]")) chat.forget();
});
