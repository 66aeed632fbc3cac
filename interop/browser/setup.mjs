// The first start: its link leads one person, once, to the first administrator.

import { createServer } from 'node:http';
import { totp, until } from '../person.mjs';
import { Visitor } from './visitor.mjs';

// A page that is wrong in every way we look for: the look that finds nothing there proves nothing.
async function mirror(world) {
  const { report } = world;
  const bad = createServer((_, response) => {
    response.setHeader('content-security-policy', "default-src 'none'");
    response.end('<title>x</title><h1>One</h1><h1>Two</h1><p style="width:50em">x<img src="http://127.0.0.1:9/x"><input>');
  });
  await new Promise((done) => { bad.listen(0, '127.0.0.1', done); });
  const url = `http://127.0.0.1:${bad.address().port}/`;
  const silent = { ...world, url, report: { check: (_what, ok, seen) => { world.seen = { ok, seen }; } } };
  const visitor = await Visitor.enter(silent, 'nobody');
  await visitor.go(url);
  await visitor.look('a page that is all wrong');
  const expected = ['2 h1', 'no language', 'no main', 'in an attribute', 'no label', 'kept in caches', 'Content Security Policy'];
  report.check('a page that is all wrong is seen to be', !world.seen.ok && expected.every((e) => world.seen.seen.includes(e)),
    world.seen.seen);
  await visitor.leave();
  bad.close();
}

export async function setup(world) {
  const { report, url } = world;
  await mirror(world);
  const link = await until('the setup link', () => /https?:\/\/\S+\/setup\/[\w-]+/.exec(world.log())?.[0]);
  const ada = await Visitor.enter(world, 'Ada');
  await ada.go(link);
  await ada.look('setup');
  await ada.go(link);
  report.check('the setup link can be looked at more than once', await ada.has('password'), await ada.words());

  const password = 'a long walk by the river';
  const fields = { user_name: 'ada', display_name: 'Ada Lund', email: 'ada@provider.example', company: 'Provider AG' };
  await ada.type({ ...fields, password, password_again: 'a long walk by the sea' });
  await ada.press('continue');
  await ada.look('setup with two passwords', 200);
  report.check('two different passwords are not taken, and what was typed stays',
    await ada.has('problem') && await ada.page.locator('#display_name').inputValue() === 'Ada Lund', await ada.words());
  await ada.type({ password, password_again: password });
  await ada.press('continue');
  await ada.look('setup code');
  const secret = (await ada.read('otp-secret')).replace(/\s/g, '');
  await ada.type({ code: '000000' });
  await ada.press('continue');
  await ada.look('setup wrong code');
  report.check('a wrong code is not taken', await ada.has('problem') && await ada.has('code'), await ada.words());
  await ada.type({ code: totp(secret) });
  await ada.press('continue');
  await ada.look('the first administrator');
  report.check('the first administrator is signed in, with company and role', ada.path === '/me'
    && (await ada.read('title')).includes('Ada Lund') && (await ada.read('user-name')) === 'ada' && (await ada.read('company')).includes('Provider AG')
    && (await ada.read('roles')).includes('Global Administrator'), await ada.words());

  const late = await Visitor.enter(world, 'a latecomer');
  await late.go(link);
  report.check('the setup link is over', !await late.has('password'), await late.words());
  await late.look('setup over', late.answer.status());
  await late.leave();
  Object.assign(world, { ada, password, adaSecret: secret });
  await ada.go(`${url}/me`);
}
