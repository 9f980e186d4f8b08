// An element with data-live asks over and over whether something has changed (its hx-trigger says how often). It rests
// while nobody looks at the page, and asks at once when somebody does again.
"use strict";

(() => {
  document.addEventListener("htmx:before:request", (event) => {
    if (document.hidden && "live" in event.detail.ctx.sourceElement.dataset) event.preventDefault();
  });

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    for (const element of document.querySelectorAll("[data-live]")) element.dispatchEvent(new Event("resume"));
  });
})();
