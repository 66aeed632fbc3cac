// What must hold of every page for administrators: what `visitor.mjs` asks of all pages, axe-core without findings in both
// colours and on a narrow screen, nothing beyond the edge, headings in order, and no more bytes than a slow line likes.

import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { beyond } from '../browser/visitor.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
const MOST = 60_000;
const SIZES = [
  // Once in each colour, wide and narrow, by axe-core; at the others nothing may stick out.
  { name: '1440 light', width: 1440, height: 900, colorScheme: 'light', only: 'edges' },
  { name: '1440 dark', width: 1440, height: 900, colorScheme: 'dark' },
  { name: '390 light', width: 390, height: 844, colorScheme: 'light' },
  { name: '768 light', width: 768, height: 1024, colorScheme: 'light', only: 'edges' },
];
// For answers, of which many are much like pages that are looked at in all of them.
export const SOME = SIZES.slice(1);
// All of them, for pages of which there are few.
export const ALL = [1440, 768, 390].flatMap((width) => ['light', 'dark'].map((colorScheme) => ({ name: `${width} ${colorScheme}`, width, height: 900, colorScheme })));
const shots = process.env.SHOTS;
if (shots) mkdirSync(shots, { recursive: true });

// Headings of the page itself, one more at a time, and what is hidden. Runs in the page.
function order() {
  const levels = [...document.querySelectorAll('main :is(h1, h2, h3, h4, h5, h6)')].map((e) => ({ level: Number(e.tagName[1]), text: e.textContent.trim() }));
  const wrong = [];
  if (levels.length && levels[0].level !== 1) wrong.push(`the first heading is h${levels[0].level}`);
  levels.forEach(({ level, text }, i) => {
    if (i > 0 && level > levels[i - 1].level + 1) wrong.push(`h${level} “${text}” after h${levels[i - 1].level}`);
    if (!text) wrong.push(`an empty h${level}`);
  });
  // What only the script can use is not seen without it.
  for (const e of document.querySelectorAll('[hidden]')) {
    if (getComputedStyle(e).display !== 'none') wrong.push(`hidden, and seen: ${e.outerHTML.slice(0, 80)}`);
  }
  return wrong;
}

// The route of an address: what names one of many is not part of it.
export function shape(address) {
  const { pathname, searchParams } = new URL(address);
  const path = pathname.split('/').map((part, i, all) => {
    if (/^[0-9a-f]{8}-[0-9a-f]{4}-/.test(part) || /^[0-9A-Z]{4}(-[0-9A-Z]{4})+$/.test(part)) return '*';
    if (all[i - 1] === 'domains' || (all[i - 1] === 'tenants' && i === 3) || (all[i - 1] === 'schemas' && part !== 'declare')) return '*';
    return part;
  }).join('/');
  const asked = [...new Set([...searchParams.keys()])].sort().join('&');
  return asked ? `${path}?${asked}` : path;
}

// Somebody with axe-core, which needs timers, and so JavaScript; the pages' own script is kept away all the same.
export async function examiner(visitor) {
  const context = await visitor.world.chromium.newContext({ ignoreHTTPSErrors: true, storageState: await visitor.context.storageState() });
  await context.route(/\/assets\/desk-[^/]*\.js$/, (route) => route.fulfill({ contentType: 'text/javascript', body: '' }));
  return context.newPage();
}

// What axe-core finds at the page as it stands, each with the first element that has it.
async function findings(page) {
  if (!await page.evaluate(() => Boolean(window.axe))) await page.evaluate(AXE);
  return page.evaluate(async (tags) => {
    const { violations } = await window.axe.run(document, { runOnly: tags, resultTypes: ['violations'] });
    return violations.map((v) => `${v.id} (${v.nodes.length}): ${v.nodes[0].html.replace(/\s+/g, ' ').slice(0, 160)} ${v.nodes[0].any[0]?.message ?? ''}`);
  }, TAGS);
}

// What is wrong with the page that is there, examined once more at `axe`, or where it is when that is the same page; `name`
// is for its picture.
export async function look(visitor, axe, name, status = 200, sizes = SIZES) {
  const { page } = visitor;
  const wrong = await visitor.wrong(status);
  const bytes = (await visitor.answer.body()).length;
  if (bytes > MOST) wrong.push(`${bytes} bytes, more than ${MOST}`);
  wrong.push(...await page.evaluate(order));
  const found = new Map();
  if (axe !== page) await axe.goto(page.url());
  for (const { name: size, width, height, colorScheme, only } of sizes) {
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme });
    const over = await page.evaluate(beyond);
    if (over > 0) wrong.push(`${over} px beyond the edge at ${size}`);
    if (!only) {
      await axe.setViewportSize({ width, height });
      await axe.emulateMedia({ colorScheme });
      for (const f of await findings(axe)) found.set(f, [...found.get(f) ?? [], size]);
    }
    if (shots) await page.screenshot({ path: `${shots}/${name}-${size.replace(' ', '-')}.png`, fullPage: true });
  }
  wrong.push(...[...found].map(([f, at]) => `axe at ${at.join(', ')}: ${f}`));
  await page.setViewportSize({ width: 320, height: 700 });
  const over = await page.evaluate(beyond);
  if (over > 0) wrong.push(`${over} px beyond the edge at 320`);
  await page.setViewportSize({ width: 1440, height: 900 });
  // What axe-core does at the page itself is not the page's.
  const noise = visitor.noise.splice(0);
  if (axe !== page) wrong.push(...noise);
  return { bytes, wrong: [...new Set(wrong)] };
}
