// Every page that a Global Administrator gets to by links: each route once, in a company that has things and in one that has
// none, without JavaScript, and once more with it.

import { createServer } from 'node:http';
import { Clerk } from './clerk.mjs';
import { examiner, look, shape } from './looks.mjs';

// Companies that are walked; the links of further ones lead to more of the same.
const WALKED = ['contoso', 'fabrikam', 'northwind'];

function walked(address, origin) {
  const url = new URL(address);
  if (url.origin !== origin || !/^\/(admin|me)(\/|$)/.test(url.pathname)) return false;
  const [, , within, tenant] = url.pathname.split('/');
  return within !== 'in' || WALKED.includes(tenant);
}

// Where the page's links lead, without what is a file.
const links = (page) => page.locator('a[href]:not([download])').evaluateAll((all) => all.map((a) => a.href.split('#')[0]));

// Goes there; what turns out to be a file is no page.
async function open(visitor, address) {
  try {
    await visitor.go(address);
  } catch (e) {
    if (/Download is starting|ERR_ABORTED/.test(String(e))) return false;
    throw e;
  }
  const kind = (await visitor.answer.allHeaders())['content-type'] ?? '';
  return kind.startsWith('text/html');
}

// A page that is wrong in every way: the look that finds nothing there proves nothing. `own`: examined where it is.
export async function mirror(world, own = false) {
  const bad = createServer((request, response) => {
    if (request.url !== '/') { response.statusCode = 404; response.end(); return; }
    response.setHeader('content-security-policy', "default-src 'none'");
    response.end(`<title>x</title><h1>One</h1><h3>Three</h3><p style="color:#ccc">pale<script>1</script><img src="/x"><input><button hidden="until-found" style="display:block">y</button>
      <div><svg width="2000" height="9"></svg></div>${'<!-- more -->'.repeat(6000)}`);
  });
  await new Promise((done) => { bad.listen(0, '127.0.0.1', done); });
  const url = `http://127.0.0.1:${bad.address().port}/`;
  const visitor = await Clerk.enter({ ...world, url }, 'nobody', { javaScriptEnabled: own });
  await visitor.go(url);
  const { wrong } = await look(visitor, own ? visitor.page : await examiner(visitor), 'mirror');
  const seen = wrong.join('; ');
  const expected = ['no language', 'no main', 'a script', 'no label', 'hidden, and seen', 'in an attribute', 'kept in caches', 'bytes, more than', 'beyond the edge at 320',
    'beyond the edge at 1440 light', 'axe at 1440 dark, 390 light: html-has-lang', '390 light: image-alt', 'Content Security Policy'];
  const missed = expected.filter((e) => !seen.includes(e));
  world.report.check('a page that is all wrong is seen to be', missed.length === 0, `not seen: ${missed.join(', ')} in ${seen}`);
  await visitor.leave();
  bad.close();
}

export async function run(world) {
  const { url, report } = world;
  await mirror(world);
  const { origin } = new URL(url);
  const ada = await Clerk.enter(world, 'Ada', { storageState: world.state });
  const axe = await examiner(ada);
  // First what one page of each kind has that others of its kind have not.
  const at = `${url}/admin/in/contoso`;
  const waiting = ['/admin', '/admin/tenants', '/me', '/admin/system/elevation', '/admin/system/elevation/eligible', '/admin/system/elevation/eligible/add'].map((p) => `${url}${p}`);
  waiting.push(...WALKED.map((t) => `${url}/admin/in/${t}`), `${at}/roles/${world.packager.id}`, `${at}/users/${world.bert.id}`,
    `${at}/directories/${world.entra.id}`, `${at}/groups/${world.groups['Service Desk']}`, `${url}/admin/tenants/contoso`, `${url}/admin/in/northwind/users/${world.theo.id}`);
  const seen = new Set();
  const rows = [];
  while (waiting.length > 0) {
    const address = waiting.shift();
    const route = shape(address);
    if (seen.has(route)) continue;
    seen.add(route);
    if (!await open(ada, address)) {
      // A download is noted as a page that did not come.
      ada.noise.splice(0);
      continue;
    }
    const name = route.slice(1).replace(/\W+/g, '-').replace(/-+$/, '');
    const arrived = shape(ada.page.url());
    if (arrived !== route) {
      // A page that leads on to another is that other.
      waiting.unshift(ada.page.url().split('#')[0]);
      ada.noise.splice(0);
      continue;
    }
    const began = Date.now();
    const { bytes, wrong } = await look(ada, axe, name);
    const more = await links(ada.page);
    rows.push({ route, bytes, wrong, address });
    if (process.env.SLOW) console.log(`${Date.now() - began} ms ${route}`);
    if (wrong.length > 0) report.check(`${route}`, false, `${wrong.join('\n       ')}\n       on ${address}`);
    waiting.push(...more.filter((l) => walked(l, origin)));
  }
  console.log(`${'page'.padEnd(72)} ${'bytes'.padStart(7)} findings`);
  for (const { route, bytes, wrong } of rows) console.log(`${route.padEnd(72)} ${String(bytes).padStart(7)} ${wrong.length || 'none'}`);
  report.check(`${rows.length} pages were found by links`, rows.length > 60, rows.length);
  report.check('nothing is wrong with any', rows.every((r) => r.wrong.length === 0), rows.filter((r) => r.wrong.length).map((r) => r.route).join(', '));
  await ada.leave();
  await scripted(world, rows);
}

// The same pages with the script: it brings nothing onto the console, and no scroll.
async function scripted(world, rows) {
  const ada = await Clerk.enter(world, 'Ada', { storageState: world.state, javaScriptEnabled: true });
  const wrong = [];
  for (const { route, address, wrong: known } of rows) {
    await ada.go(address);
    wrong.push(...(await ada.wrong()).filter((w) => !known.includes(w)).map((w) => `${route}: ${w}`));
  }
  world.report.check('with the script nothing more is wrong, and nothing is on the console', wrong.length === 0, wrong.join('\n       '));
  await ada.leave();
}
