// A person's browser, driven through sign-ins from Muster to the provider and back, and what must come of each.
//
// node drive.mjs MUSTER_URL TENANT PROVIDER_URL

const [muster, tenant, provider] = process.argv.slice(2);

class Browser {
  constructor() { this.jars = {}; }

  // Sends one request with the cookies of its origin.
  async send(url, form) {
    const { origin } = new URL(url);
    const jar = (this.jars[origin] ??= {});
    const cookie = Object.entries(jar).map(([k, v]) => `${k}=${v}`).join('; ');
    const headers = { accept: 'text/html', ...(cookie && { cookie }) };
    if (form) Object.assign(headers, { origin, 'sec-fetch-site': 'same-origin' });
    const body = form && new URLSearchParams(form);
    const answer = await fetch(url, { method: form ? 'POST' : 'GET', headers, body, redirect: 'manual' });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      if (value === '' || /max-age=0\b/i.test(line)) delete jar[name]; else jar[name] = value;
    }
    return answer;
  }

  // Follows redirects to a page.
  async go(url, form) {
    for (let hop = 0; hop < 20; hop += 1) {
      const answer = await this.send(url, form);
      const location = answer.headers.get('location');
      if (!location) return { url, status: answer.status, html: await answer.text() };
      url = new URL(location, url).href;
      form = undefined;
    }
    throw new Error(`redirected in circles, last to ${url}`);
  }

  // Sends the page's form to `action`, its hidden fields as they are and `typed` beside them.
  async submit(page, action, typed = {}) {
    for (const [, head, body] of page.html.matchAll(/<form([^>]*)>(.*?)<\/form>/gs)) {
      const target = /action="([^"]*)"/.exec(head)?.[1] ?? '';
      if (!target.includes(action)) continue;
      const hidden = [...body.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)];
      const fields = Object.fromEntries(hidden.map(([, name, value]) => [name, value]));
      return this.go(new URL(target, page.url).href, { ...fields, ...typed });
    }
    throw new Error(`no form for ${action} on ${page.url} (${page.status}): ${page.html}`);
  }
}

async function signIn(person, browser = new Browser()) {
  const ways = await browser.go(`${muster}/signin?tenant=${tenant}`);
  const there = await browser.submit(ways, '/federation/start');
  if (!there.url.startsWith(provider)) throw new Error(`not at the provider: ${there.url} ${there.html}`);
  return browser.submit(there, '/interaction/', { person });
}

let failed = 0;
function check(what, page, ok) {
  const seen = page.html.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ').slice(0, 300);
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${what}${ok ? '' : `: ${page.status} ${page.url} ${seen}`}`);
  failed += ok ? 0 : 1;
}

async function entered(what, person, name) {
  const page = await signIn(person);
  check(what, page, page.status === 200 && page.url === `${muster}/me` && page.html.includes(name));
}

async function refused(what, person, why = /second factor/) {
  const browser = new Browser();
  const page = await signIn(person, browser);
  const place = new URL(page.url).pathname;
  const reference = /id="reference"[^>]*>([^<]+)</.exec(page.html)?.[1];
  const told = why.test(page.html) && place.endsWith(`/refused/${reference}`);
  check(what, page, page.status === 403 && told);
  const session = await browser.go(`${muster}/me`);
  check(`${what}: no session`, session, new URL(session.url).pathname !== '/me' || session.status !== 200);
}

async function rotate() {
  const answer = await fetch(`${provider}/rotate`, { method: 'POST' });
  console.log(`     the provider signs with a new key, ${await answer.text()}`);
}

await entered('amr says mfa: in', 'adele', 'Adele Vance');
await refused('amr says only pwd: refused, with the reason and a reference', 'boris');
await entered('acr names a second factor: in', 'clara', 'Clara Lind');
await refused('acr names a password only: refused', 'david');
await rotate();
await entered('the provider has new keys: in', 'adele', 'Adele Vance');
await refused('new keys prove no second factor: refused', 'boris');
await refused('somebody the directory never provisioned: refused', 'erika', /nobody has given you an account/);

console.log(`${failed ? 'FAILED' : 'all as it must be'}`);
process.exit(failed ? 1 : 0);
