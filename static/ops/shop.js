/** How do the shop's own buttons speak to the chat? They open it, or ask it the question they carry. */

const chat = document.getElementById("chat");

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-ask], [data-open-chat]");
  if (button?.dataset.ask) chat.ask(button.dataset.ask);
  else if (button) chat.open();
});
