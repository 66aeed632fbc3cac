// The peer: npm's scimmy-routers in an Express app, with people and groups in memory. A name is found by a map, so that
// its filter is as quick as this program can make it.
//
// node server.mjs PORT TOKEN   prints "ready" when it listens; the base URL is /scim

import { randomUUID } from 'node:crypto';
import express from 'express';
import SCIMMY from 'scimmy';
import SCIMMYRouters from 'scimmy-routers';

const [port, token] = process.argv.slice(2);

function inMemory(Type, key) {
  const byId = new Map();
  const byKey = new Map();
  const keyOf = (value) => value[key].toLowerCase();
  SCIMMY.Resources.declare(Type, {
    ingress(resource, data) {
      const was = resource.id ? byId.get(resource.id) : undefined;
      if (resource.id && !was) throw new SCIMMY.Types.Error(404, null, `${resource.id} not found`);
      const taken = byKey.get(keyOf(data));
      if (taken && taken !== was) throw new SCIMMY.Types.Error(409, 'uniqueness', `${data[key]} is taken`);
      const now = new Date().toISOString();
      const is = { ...data, id: was?.id ?? randomUUID(), meta: { created: was?.meta.created ?? now, lastModified: now } };
      if (was) byKey.delete(keyOf(was));
      byId.set(is.id, is);
      byKey.set(keyOf(is), is);
      return is;
    },
    egress(resource) {
      if (resource.id) {
        const is = byId.get(resource.id);
        if (!is) throw new SCIMMY.Types.Error(404, null, `${resource.id} not found`);
        return is;
      }
      if (!resource.filter) return [...byId.values()];
      // `key eq "value"` and nothing else is looked up.
      const [only, ...more] = resource.filter;
      const [op, value] = only?.[key] ?? [];
      if (more.length === 0 && Object.keys(only).length === 1 && op === 'eq') {
        const is = byKey.get(value.toLowerCase());
        return is ? [is] : [];
      }
      return resource.filter.match([...byId.values()]);
    },
    degress(resource) {
      const was = byId.get(resource.id);
      if (!was) throw new SCIMMY.Types.Error(404, null, `${resource.id} not found`);
      byId.delete(was.id);
      byKey.delete(keyOf(was));
    },
  });
}

inMemory(SCIMMY.Resources.User.extend(SCIMMY.Schemas.EnterpriseUser), 'userName');
inMemory(SCIMMY.Resources.Group, 'displayName');

const app = express();
app.use('/scim', new SCIMMYRouters({
  type: 'bearer',
  handler(request) {
    if (request.header('Authorization') !== `Bearer ${token}`) throw new Error('the token is wrong');
    return 'bench';
  },
}));
app.listen(Number(port), '127.0.0.1', () => console.log('ready'));
