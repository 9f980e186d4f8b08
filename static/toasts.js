// Messages at the foot of the screen: they go by themselves or when dismissed, and come when a request fails.
"use strict";

(() => {
  const PASSING_MS = 8000;
  const toasts = document.getElementById("toasts");
  const unreachable = document.getElementById("toast-unreachable");

  // A page that asks every few seconds would pile up, and read out, the same sentence while the server is away.
  const isRepeated = (message) =>
    [...toasts.children].some((other) => other !== message && other.textContent.trim() === message.textContent.trim());

  function settle(message) {
    if (isRepeated(message)) message.remove();
    else if (message.classList.contains("is-passing")) setTimeout(() => message.remove(), PASSING_MS);
  }

  const sayUnreachable = () => toasts.append(unreachable.content.firstElementChild.cloneNode(true));

  [...toasts.children].forEach(settle);
  new MutationObserver((changes) => {
    for (const change of changes) for (const node of change.addedNodes) if (node instanceof Element) settle(node);
  }).observe(toasts, { childList: true });

  toasts.addEventListener("click", (event) => event.target.closest("[data-dismiss]")?.parentElement.remove());

  // No answer at all: the network, or a server that does not respond in time. Errors without a request are a script's.
  document.addEventListener("htmx:error", (event) => {
    if (event.detail.ctx) sayUnreachable();
  });

  // An error page of something in between, like a proxy: it must not be swapped into ours.
  document.addEventListener("htmx:before:response", (event) => {
    const { status, headers } = event.detail.ctx.response;
    if (status >= 500 && !headers.has("X-Request-ID")) {
      event.preventDefault();
      sayUnreachable();
    }
  });
})();
