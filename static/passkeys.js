// Forms that a passkey answers: <form data-passkey="get" or "create" data-options="where to ask">. Sending one fetches the
// challenge, has the browser ask for the passkey, and sends what it says in the field `credential`. Without passkeys in
// the browser, or without this script, such a form stays hidden.
"use strict";

(() => {
  const fromText = (text) =>
    Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));

  const toText = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

  // What comes as text must be bytes: https://www.w3.org/TR/webauthn-3/#sctn-parseCreationOptionsFromJSON
  const decoded = (options) => {
    options.challenge = fromText(options.challenge);
    if (options.user) options.user.id = fromText(options.user.id);
    for (const known of [...(options.excludeCredentials ?? []), ...(options.allowCredentials ?? [])]) {
      known.id = fromText(known.id);
    }
    return options;
  };

  const encoded = ({ rawId, type, response }) => {
    const answer = { id: toText(rawId), rawId: toText(rawId), type, response: {} };
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (response[name]) answer.response[name] = toText(response[name]);
    }
    answer.response.transports = response.getTransports?.() ?? [];
    return JSON.stringify(answer);
  };

  // The server's own sentence, or the name of one that stands in the page.
  class Problem extends Error {}

  const fetchOptions = async (form) => {
    const headers = { "X-CSRFToken": form.elements.csrf_token.value };
    const answer = await fetch(form.dataset.options, { method: "POST", headers }).catch(() => null);
    if (answer?.redirected) location.reload(); // to the login, or to a confirmation
    const options = await answer?.json().catch(() => null);
    if (!answer?.ok || !options) throw new Problem(options?.problem ?? "");
    return decoded(options);
  };

  const say = (form, error) => {
    const place = form.querySelector("[data-passkey-problem]");
    const sentences = place.dataset;
    const own = { NotAllowedError: sentences.cancelled, InvalidStateError: sentences.known };
    place.textContent = (error instanceof Problem && error.message) || own[error.name] || sentences.failed;
    place.hidden = false;
  };

  const answer = async (form) => {
    const button = form.querySelector("[type=submit]");
    form.querySelector("[data-passkey-problem]").hidden = true;
    button.disabled = true;
    try {
      const publicKey = await fetchOptions(form);
      form.elements.credential.value = encoded(await navigator.credentials[form.dataset.passkey]({ publicKey }));
      form.submit();
    } catch (error) {
      say(form, error);
      button.disabled = false;
      button.focus();
    }
  };

  if (!window.PublicKeyCredential) return;

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      answer(form);
    });
  }

  // Coming back by the browser's button finds the form as it was, with its button still disabled.
  addEventListener("pageshow", () => {
    for (const button of document.querySelectorAll("form[data-passkey] [type=submit]")) button.disabled = false;
  });
})();
