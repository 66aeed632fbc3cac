// Passkeys, with the authenticator that Chromium has for tests: made on one's own page, shown without a name, removed. The
// one chapter with JavaScript.

import { until } from '../person.mjs';
import { Visitor } from './visitor.mjs';

// A device that keeps passkeys and knows its holder.
async function device(visitor) {
  const cdp = await visitor.context.newCDPSession(visitor.page);
  await cdp.send('WebAuthn.enable');
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return { cdp, authenticatorId };
}

const arrived = (visitor, path) => until(`${visitor.name} at ${path}`, () => visitor.path === path);

export async function passkey(world) {
  const { report, url, ada } = world;
  await ada.go(`${url}/me/factors`);
  await ada.look('what one signs in with');
  report.check('without a script the page says so', await ada.page.locator('#passkey-noscript').isVisible()
    && !await ada.page.locator('#passkey').isVisible(), await ada.words());

  const scripted = { javaScriptEnabled: true };
  const own = await Visitor.enter(world, 'Ada with a script', { ...scripted, storageState: await ada.context.storageState() });
  const first = await device(own);
  await own.go(`${url}/me/factors`);
  await own.look('what one signs in with, with a script');
  await own.type({ 'passkey-name': 'Ada’s laptop' });
  await own.page.locator('#passkey').click();
  await own.page.waitForURL(`${url}/me/factors?done=added`);
  await own.look('a passkey is made');
  report.check('the passkey is listed by its name', (await own.read('passkeys')).includes('Ada’s laptop'), await own.words());
  report.check('what she came with is weaker now', await own.has('stale'), await own.words());
  const { credentials } = await first.cdp.send('WebAuthn.getCredentials', first);
  report.check('it is kept on the device', credentials.length === 1 && credentials[0].isResidentCredential
    && credentials[0].rpId === 'localhost', JSON.stringify(credentials.map(({ rpId }) => rpId)));
  await own.leave();

  // Elsewhere, the button, when nothing was offered beneath the field: the device comes after the page.
  const other = await Visitor.enter(world, 'Ada elsewhere', scripted);
  await other.go(`${url}/signin`);
  await other.look('signing in with a script');
  const second = await device(other);
  await second.cdp.send('WebAuthn.addCredential', { authenticatorId: second.authenticatorId, credential: credentials[0] });
  await other.page.locator('#passkey').click({ timeout: 2000 }).catch(() => {});
  await arrived(other, '/me');
  report.check('a passkey signs in without a name', (await other.read('user-name')) === 'ada'
    && (await other.read('sessions')).includes('with a phishing-resistant factor'), await other.words());
  const used = (await second.cdp.send('WebAuthn.getCredentials', second)).credentials[0];

  // Beneath the field, where this Chromium can: nobody presses anything.
  const third = await Visitor.enter(world, 'Ada at the field', scripted);
  const there = await device(third);
  await there.cdp.send('WebAuthn.addCredential', { authenticatorId: there.authenticatorId, credential: used });
  await third.go(`${url}/signin`);
  const can = await third.page.evaluate(() => PublicKeyCredential.isConditionalMediationAvailable?.() ?? false).catch(() => true);
  if (can) {
    await arrived(third, '/me');
    report.check('a passkey that is offered beneath the field signs in', (await third.read('user-name')) === 'ada', await third.words());
  } else {
    console.log('(this Chromium offers no passkeys beneath a field)');
  }
  await third.leave();

  await other.go(`${url}/me/factors`);
  await other.look('what one signs in with, proved');
  await other.page.locator('button.remove').click();
  await other.page.waitForURL(/\/me\/factors\/passkey\/remove/);
  await other.look('asked before a passkey is removed');
  await other.page.locator('#remove').click();
  await other.page.waitForURL(`${url}/me/factors?done=removed`);
  report.check('the passkey is removed', await other.has('no-passkey'), await other.words());
  await other.leave();

  const late = await Visitor.enter(world, 'whoever has it still', scripted);
  const last = await device(late);
  await late.go(`${url}/signin`);
  await last.cdp.send('WebAuthn.addCredential', { authenticatorId: last.authenticatorId, credential: used });
  // Where passkeys are offered beneath the field, this one is chosen before anybody presses.
  await late.page.locator('#passkey').click({ timeout: 2000 }).catch(() => {});
  await until('a refusal', () => late.has('passkey-refused'));
  report.check('a removed passkey opens nothing', (await late.read('passkey-refused')).includes('not known here'), await late.words());
  await late.leave();
  await ada.go(`${url}/me`);
}
