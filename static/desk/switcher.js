/** How does one jump to any conversation or customer? A dialog that searches as one types; arrows choose, Enter opens. */

export class Switcher {
  #dialog = document.getElementById("switcher");
  #input = document.getElementById("switcher-input");
  #found = document.getElementById("found");
  #open;
  #openPerson;

  /** open(id), openPerson(id): what to do with the chosen conversation or customer */
  constructor(open, openPerson) {
    this.#open = open;
    this.#openPerson = openPerson;
    this.#input.addEventListener("keydown", (event) => this.#key(event));
    this.#found.addEventListener("click", (event) => {
      const row = event.target.closest(".found");
      if (!row || event.metaKey || event.ctrlKey) return;
      event.preventDefault();
      this.#choose(row);
    });
    this.#dialog.addEventListener("click", (event) => event.target === this.#dialog && this.#dialog.close());
    document.body.addEventListener("htmx:afterSettle", ({ detail }) => detail.target === this.#found && this.#mark(this.#rows[0]));
    for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
      this.#found.addEventListener(name, () => {
        this.#found.textContent = "The search does not answer just now. Type on to try again.";
      });
    }
  }

  show() {
    if (this.#dialog.open) return;
    this.#dialog.showModal();
    this.#input.select();
    window.htmx.trigger(this.#input, "find");
  }

  get #rows() {
    return [...this.#found.querySelectorAll(".found")];
  }

  #key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const rows = this.#rows;
    const at = rows.findIndex((row) => row.getAttribute("aria-selected") === "true");
    if (step && rows.length) {
      event.preventDefault();
      this.#mark(rows[(at + step + rows.length) % rows.length]);
    } else if (event.key === "Enter" && rows[at]) {
      event.preventDefault();
      this.#choose(rows[at]);
    }
  }

  #mark(chosen) {
    for (const row of this.#rows) row.setAttribute("aria-selected", String(row === chosen));
    if (chosen) this.#input.setAttribute("aria-activedescendant", chosen.id);
    else this.#input.removeAttribute("aria-activedescendant");
    chosen?.scrollIntoView({ block: "nearest" });
  }

  #choose(row) {
    this.#dialog.close();
    const { conversation, person } = row.dataset;
    if (conversation) this.#open(conversation);
    else this.#openPerson(person);
  }
}
