// Tables whose rows expand: <a data-opens="key" aria-expanded aria-controls="id of the detail row" hx-get=…> in a row.
// The first click fetches the detail (htmx puts it behind the row), the next ones fold it. A click anywhere in the row
// does the same. What is open stands in the address as well, so that coming back finds it open.
"use strict";

(() => {
  const OPEN_MAX = 50; // no address may grow without an end: of more open rows it names the last ones
  const detailOf = (link) => document.getElementById(link.getAttribute("aria-controls"));

  const remember = () => {
    const here = new URL(location.href);
    here.searchParams.delete("open");
    for (const link of [...document.querySelectorAll('[data-opens][aria-expanded="true"]')].slice(-OPEN_MAX)) {
      here.searchParams.append("open", link.dataset.opens);
    }
    history.replaceState(history.state, "", here);
  };

  const show = (link, isOpen) => {
    link.setAttribute("aria-expanded", String(isOpen));
    detailOf(link).hidden = !isOpen;
    remember();
  };

  const isOrdinary = (event) => !(event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);

  // Before htmx: what has been fetched already is only shown or hidden.
  document.addEventListener(
    "click",
    (event) => {
      const link = event.target.closest("[data-opens]");
      if (!link || !isOrdinary(event) || !detailOf(link)) return;
      event.preventDefault();
      event.stopPropagation();
      show(link, link.getAttribute("aria-expanded") !== "true");
    },
    true,
  );

  document.addEventListener("click", (event) => {
    const isMeant = isOrdinary(event) && getSelection().isCollapsed;
    if (!isMeant || event.target.closest("a, button, input, select, label, summary")) return;
    event.target.closest("tr")?.querySelector("[data-opens]")?.click();
  });

  document.addEventListener("htmx:after:swap", (event) => {
    const link = event.detail.ctx.sourceElement;
    if (link?.matches?.("[data-opens]") && detailOf(link)) show(link, true);
  });
})();
