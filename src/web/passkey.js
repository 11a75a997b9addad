// Asks the browser for a passkey, and sends what it says with the form. Without this script the forms stay hidden.
(() => {
  "use strict";
  if (!window.PublicKeyCredential) return;
  const bytes = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  const hex = (buffer) => Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");

  async function make({ challenge, host, user, name }) {
    const made = await navigator.credentials.create({
      publicKey: {
        challenge: bytes(challenge),
        rp: { id: host, name: "Jagaloket" },
        user: { id: new TextEncoder().encode(user), name, displayName: name },
        pubKeyCredParams: [-7, -257].map((alg) => ({ type: "public-key", alg })),
        authenticatorSelection: { residentKey: "required", userVerification: "required" },
        attestation: "none",
      },
    });
    const answer = made.response;
    return { client: answer.clientDataJSON, data: answer.getAuthenticatorData(), public: answer.getPublicKey() };
  }

  async function use({ challenge, host }) {
    const got = await navigator.credentials.get({
      publicKey: { challenge: bytes(challenge), rpId: host, userVerification: "required" },
    });
    const answer = got.response;
    return { id: got.rawId, client: answer.clientDataJSON, data: answer.authenticatorData, signature: answer.signature };
  }

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      try {
        const fields = await (form.dataset.passkey === "make" ? make(form.dataset) : use(form.dataset));
        for (const [name, value] of Object.entries(fields)) form.elements.namedItem(name).value = hex(value);
        form.submit();
      } catch {
        form.querySelector("[data-failed]").hidden = false;
      }
    });
  }
})();
