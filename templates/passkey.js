// Passkeys, the one thing of these pages that needs a script. A form with data-passkey is shown where the browser has
// them; its answer goes the way of every form. "get" also offers them beneath the field for the name, where the browser can.
const forms = document.querySelectorAll("form[data-passkey]");
const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

// What the server sent has base64url where the browser wants bytes.
function asked(options) {
  const out = { ...options, challenge: bytes(options.challenge) };
  const known = (all) => (all || []).map((c) => ({ ...c, id: bytes(c.id) }));
  if (out.user) out.user = { ...out.user, id: bytes(out.user.id) };
  out.excludeCredentials = known(options.excludeCredentials);
  out.allowCredentials = known(options.allowCredentials);
  return out;
}

function answer(credential) {
  const r = credential.response;
  const response = { clientDataJSON: text(r.clientDataJSON) };
  if (r.attestationObject) {
    response.attestationObject = text(r.attestationObject);
  } else {
    response.authenticatorData = text(r.authenticatorData);
    response.signature = text(r.signature);
    if (r.userHandle) response.userHandle = text(r.userHandle);
  }
  return JSON.stringify({ id: credential.id, rawId: text(credential.rawId), type: credential.type, response });
}

async function ask(form) {
  const sent = await fetch(`${form.getAttribute("action")}/begin`, {
    method: "POST",
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
    body: "",
    redirect: "error",
  });
  if (!sent.ok) throw new Error(sent.status === 429 ? "Too many attempts. Wait a minute." : "That did not work. Begin again.");
  return sent.json();
}

function finish(form, ceremony, credential) {
  form.elements.ceremony.value = ceremony;
  form.elements.credential.value = answer(credential);
  form.submit();
}

function say(form, problem) {
  const place = form.querySelector(".problem");
  place.textContent = problem;
  place.hidden = !problem;
}

let waiting; // beneath the field: at most one question is open at a time

async function act(form) {
  say(form, "");
  if (waiting) waiting.abort();
  const create = form.dataset.passkey === "create";
  try {
    const { ceremony, options } = await ask(form);
    const publicKey = asked(options);
    const credential = create
      ? await navigator.credentials.create({ publicKey })
      : await navigator.credentials.get({ publicKey });
    finish(form, ceremony, credential);
  } catch (e) {
    if (e.name === "InvalidStateError") return say(form, "This device has a passkey for you already.");
    if (e.name === "NotAllowedError" || e.name === "AbortError") {
      return say(form, create ? "No passkey was made." : "No passkey was chosen.");
    }
    say(form, e instanceof DOMException ? "This browser could not do it." : e.message);
  }
}

async function beneath(form) {
  const can = PublicKeyCredential.isConditionalMediationAvailable;
  if (!can || !(await can.call(PublicKeyCredential))) return;
  waiting = new AbortController();
  const { signal } = waiting;
  try {
    const { ceremony, options } = await ask(form);
    const publicKey = asked(options);
    const credential = await navigator.credentials.get({ publicKey, mediation: "conditional", signal });
    if (credential) finish(form, ceremony, credential);
  } catch {
    // Nobody chose one; the button is still there.
  }
}

if (window.PublicKeyCredential) {
  for (const form of forms) {
    form.hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      act(form);
    });
  }
  const get = [...forms].find((form) => form.dataset.passkey === "get");
  // Not where one was just refused: whoever chose it is to read why.
  if (get && !document.querySelector("#passkey-refused, #problem")) beneath(get);
}
