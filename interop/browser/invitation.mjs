// An invitation: by mail, past a scanner, to a person who sets a password, and to one who has a directory.

import { muster, totp } from '../person.mjs';
import { scan } from './scanner.mjs';
import { Visitor } from './visitor.mjs';
import { writeFileSync } from 'node:fs';

const linkIn = (letter) => /https?:\/\/[^\s<>"]+\/invite\/[\w-]+/.exec(letter.text)?.[0];

// Past the scanner, as any letter: the invitation is what it was.
async function scanned(world, letter, { id }) {
  const { report } = world;
  const before = muster('invitation', 'show', 'contoso', id);
  const { links, pages, posts: all, within } = await scan(world, letter);
  // A page that offers passkeys asks for a challenge when it is shown; without a passkey nothing follows from one.
  const posts = all.filter((p) => !/ \S+\/signin\/[^/]+\/passkey\/begin$/.test(p));
  const after = muster('invitation', 'show', 'contoso', id);
  report.check(`a scanner opened its ${links} link(s) and ${pages} page(s), and is nobody by that`, links > 0 && pages >= links && !within
    && posts.length === 0, JSON.stringify({ links, pages, posts, within }));
  report.check('the invitation is pending, as before', after.state === 'pending' && JSON.stringify(after) === JSON.stringify(before),
    JSON.stringify(after));
}

export async function invitation(world) {
  const { directory } = world;
  const secret = `${process.env.DATA}/upstream-secret`;
  writeFileSync(secret, 'muster-interop-secret\n', { mode: 0o600 });
  muster('tenant', 'create', 'contoso', '--name', 'Contoso');
  const upstream = muster('directory', 'create', 'contoso', 'Contoso login', '--issuer', directory, '--client-id', 'muster',
    '--client-secret-file', secret, '--scope', 'profile', '--scope', 'email', '--mfa-amr', 'mfa',
    '--mfa-acr', 'urn:example:loa:2fa');
  world.way = `way-${upstream.id}`;
  muster('domain', 'add', 'contoso', 'contoso.example');
  // A company keeps its last administrator who can sign in: Bert will not be that.
  const bossPassword = `${process.env.DATA}/boss-password`;
  writeFileSync(bossPassword, 'seven quiet harbour lanterns\n', { mode: 0o600 });
  muster('user', 'add', 'contoso', 'boss', '--password-file', bossPassword);
  muster('grant', 'add', 'contoso', 'boss', 'Tenant Administrator');

  await byPassword(world);
  await byDirectory(world);
}

async function byPassword(world) {
  const { report, url, password } = world;
  const email = 'bert@contoso.example';
  const made = muster('invitation', 'create', 'contoso', email, '--display-name', 'Bert Dahl', '--role', 'Tenant Administrator');
  const letter = await world.letter(email);
  const link = linkIn(letter);
  report.check('the mail arrives, with a link', Boolean(link), letter.text);
  await scanned(world, letter, made);

  const bert = await Visitor.enter(world, 'Bert');
  await bert.go(link);
  await bert.look('invitation');
  report.check('the invitation survived, and says who invites where', await bert.has('accept') && await bert.has('inviter')
    && (await bert.read('company')).includes('Contoso'), await bert.words());
  await bert.press('accept');
  await bert.look('accepting');
  await bert.press('set-password');
  await bert.look('set a password');
  await bert.type({ password: 'passwordpassword', password_again: 'passwordpassword' });
  await bert.press('continue');
  await bert.look('a password that is too easy');
  report.check('a password that everybody guesses is not taken', await bert.has('problem') && await bert.has('password'), await bert.words());
  await bert.type({ password, password_again: password });
  await bert.press('continue');
  await bert.look('enrol a code');
  const secret = (await bert.read('otp-secret')).replace(/\s/g, '');
  await bert.type({ code: totp(secret) });
  await bert.press('continue');
  await bert.look('Bert signed in');
  report.check('signed in, with name, company and role', bert.path === '/me' && (await bert.read('title')).includes('Bert Dahl')
    && (await bert.read('company')).includes('Contoso') && (await bert.read('roles')).includes('Tenant Administrator'), await bert.words());
  await bert.press('signout');
  await bert.look('signed out');
  report.check('signs out, and is told so', await bert.has('signed-out'), await bert.words());
  await bert.go(`${url}/me`);
  report.check('and is out', bert.path.startsWith('/signin'), bert.page.url());

  await bert.go(link);
  report.check('the link works once', !await bert.has('accept'), await bert.words());
  await bert.look('an invitation that was used', bert.answer.status());
  await bert.press('ask');
  await bert.look('asking for a new one');
  report.check('asking for a new one says the same, whatever comes of it', !await bert.has('accept') && await bert.has('advice'), await bert.words());

  // Back by password and the next code.
  await bert.go(`${url}/signin`);
  await bert.look('sign in');
  await bert.type({ email });
  await bert.press('continue');
  await bert.look('the company found by the address');
  if (await bert.has('local')) await bert.page.locator('#local summary').click();
  await bert.type({ user_name: email, password: 'not the password' });
  await bert.press('sign-in');
  await bert.look('a wrong password');
  await bert.type({ user_name: email, password });
  await bert.press('sign-in');
  await bert.look('the code is wanted');
  await bert.type({ code: totp(secret, 1) });
  await bert.press('continue');
  report.check('signs in again with password and code', bert.path === '/me', await bert.words());
  world.bert = bert;
}

async function byDirectory(world) {
  const { report } = world;
  const email = 'adele@contoso.example';
  const made = muster('invitation', 'create', 'contoso', email, '--display-name', 'Adele Vance', '--role', 'Self-Service');
  const letter = await world.letter(email);
  await scanned(world, letter, made);
  const link = linkIn(letter);

  const wrong = await Visitor.enter(world, 'Clara');
  await wrong.go(link);
  await wrong.press('accept');
  await wrong.through(world.way, 'clara');
  await wrong.look('the wrong account', wrong.answer.status());
  report.check('somebody else’s account is not taken', wrong.path !== '/me' && /account you used/.test(await wrong.words()),
    await wrong.words());
  await wrong.leave();

  const adele = await Visitor.enter(world, 'Adele');
  await adele.go(link);
  report.check('and costs the invitation nothing', await adele.has('accept'), await adele.words());
  await adele.press('accept');
  await adele.look('the ways in');
  await adele.through(world.way, 'adele');
  await adele.look('Adele signed in');
  report.check('accepted through the directory', adele.path === '/me' && (await adele.read('title')).includes('Adele Vance')
    && (await adele.read('company')).includes('Contoso'), await adele.words());
  await adele.press('signout');
  world.adele = adele;
}
