/**
 * Passkeys: the browser makes or uses one, the form carries its answer to the server.
 *
 * A form with `data-passkey` ("create", "confirm" or "login") has a hidden field `credential`. What the server wants of the passkey
 * lies in <script id="js_data" type="application/json">, or is fetched from the form's address at the log-in.
 */

const answered = new WeakSet(); // forms that carry the browser's answer

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (window.PublicKeyCredential) form.hidden = false;
  form.addEventListener("submit", (event) => {
    if (answered.delete(form)) return;
    event.preventDefault();
    run(form).catch((error) => say(form, error));
  });
}

async function run(form) {
  say(form, null);
  const credential = await (form.dataset.passkey === "create" ? create(form) : use(form));
  form.elements.credential.value = JSON.stringify(credential);
  answered.add(form);
  form.requestSubmit();
}

async function create(form) {
  const wanted = given().creation_options.publicKey;
  const alone = form.elements.passwordless?.checked ?? false;
  const selection = { ...wanted.authenticatorSelection, residentKey: alone ? "required" : "discouraged", requireResidentKey: alone };
  if (alone) selection.userVerification = "required";
  const publicKey = {
    ...wanted,
    challenge: bytes(wanted.challenge),
    user: { ...wanted.user, id: bytes(wanted.user.id) },
    excludeCredentials: described(wanted.excludeCredentials),
    authenticatorSelection: selection,
  };
  const made = await navigator.credentials.create({ publicKey });
  return {
    ...common(made),
    response: { clientDataJSON: text(made.response.clientDataJSON), attestationObject: text(made.response.attestationObject), transports: made.response.getTransports?.() ?? [] },
  };
}

async function use(form) {
  const options = form.dataset.passkey === "login" ? await fetched(form) : given();
  const wanted = options.request_options.publicKey;
  const publicKey = { ...wanted, challenge: bytes(wanted.challenge), allowCredentials: described(wanted.allowCredentials) };
  const used = await navigator.credentials.get({ publicKey });
  const { clientDataJSON, authenticatorData, signature, userHandle } = used.response;
  return {
    ...common(used),
    response: { clientDataJSON: text(clientDataJSON), authenticatorData: text(authenticatorData), signature: text(signature), userHandle: userHandle ? text(userHandle) : null },
  };
}

function given() {
  return JSON.parse(document.getElementById("js_data").textContent);
}

async function fetched(form) {
  const response = await fetch(form.action, { headers: { Accept: "application/json" }, cache: "no-store" });
  if (!response.ok) throw new Error("too many");
  return response.json();
}

function common(credential) {
  return {
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? null,
    clientExtensionResults: credential.getClientExtensionResults(),
  };
}

function described(list) {
  return (list ?? []).map((one) => ({ ...one, id: bytes(one.id) }));
}

/** base64url, as WebAuthn's JSON has it, and back. */
function bytes(encoded) {
  const plain = atob(encoded.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

function text(buffer) {
  return btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function say(form, error) {
  const place = form.querySelector("[data-status]");
  if (error === null) place.textContent = "";
  else if (error.name === "InvalidStateError") place.textContent = "This device already holds a passkey for your account.";
  else place.textContent = "That did not work, or it was stopped. Try again, or choose another way.";
}
