// What stands between the sender of a letter and its reader, and opens whatever it finds: first by a plain request, then
// in a whole browser, which runs scripts, waits for what they do, follows every link of every page it gets to, and
// leaves. It presses no button.

import { Visitor } from './visitor.mjs';

const LINK = /https?:\/\/[^\s<>"]+/g;
// Long enough for a page that would send its form by itself.
const PATIENCE = 1500;
const MOST = 40;

// Every address in a letter, of its text and of its page as a browser reads it.
async function addresses(scanner, letter) {
  const found = new Set([...letter.text.matchAll(LINK)].map(([u]) => u));
  await scanner.page.setContent(letter.html);
  for (const u of await scanner.page.locator('a[href], area[href]').evaluateAll((all) => all.map((a) => a.href))) found.add(u);
  for (const [u] of letter.html.matchAll(LINK)) found.add(u.replaceAll('&amp;', '&'));
  return found;
}

// How many links a letter has, how many pages were opened by following them, and what the scanner has afterwards.
export async function scan(world, letter) {
  const scanner = await Visitor.enter(world, 'a scanner', { javaScriptEnabled: true });
  const posts = [];
  scanner.page.on('request', (r) => { if (r.method() !== 'GET') posts.push(`${r.method()} ${r.url()}`); });
  const links = await addresses(scanner, letter);
  const waiting = [...links].map((url) => ({ url, depth: 0 }));
  const seen = new Set();
  while (waiting.length > 0 && seen.size < MOST) {
    const { url, depth } = waiting.shift();
    if (seen.has(url)) continue;
    seen.add(url);
    for (const method of ['HEAD', 'GET']) await fetch(url, { method, redirect: 'manual' });
    await scanner.go(url);
    await scanner.page.waitForLoadState('networkidle');
    await scanner.page.mouse.move(300, 300);
    await scanner.page.waitForTimeout(PATIENCE);
    if (depth < 2) {
      const further = await scanner.page.locator('a[href]').evaluateAll((all) => all.map((a) => a.href));
      waiting.push(...further.filter((u) => u.startsWith(world.url)).map((next) => ({ url: next, depth: depth + 1 })));
    }
  }
  // Once more what the letter has, as whoever reads it the next morning.
  for (const url of links) await scanner.go(url);
  await scanner.go(`${world.url}/me`);
  const within = !scanner.path.startsWith('/signin');
  await scanner.page.close({ runBeforeUnload: true });
  await scanner.leave();
  return { links: links.size, pages: seen.size, posts, within };
}
