// Tells assistive technology, and styles, which part of the page is being fetched anew.
"use strict";

(() => {
  const mark = (event, busy) => {
    const { target } = event.detail.ctx;
    if (!(target instanceof Element)) return;
    if (busy) target.setAttribute("aria-busy", "true");
    else target.removeAttribute("aria-busy");
  };

  document.addEventListener("htmx:before:request", (event) => mark(event, true));
  document.addEventListener("htmx:finally:request", (event) => mark(event, false));
})();
