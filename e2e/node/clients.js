'use strict';
// The official clients behind one way to call: `client.ecs('CreateDisk', { RegionId, Size: 20 })` resolves to the reply.
// Names of actions, parameters and members are the vendor's. Nothing of the clients is changed; they are only told the endpoint.

const assert = require('node:assert');

const PopCore = require('@alicloud/pop-core');
const ecsSdk = require('@alicloud/ecs20140526');
const kmsSdk = require('@alicloud/kms20160120');
const ramSdk = require('@alicloud/ram20150501');
const stsSdk = require('@alicloud/sts20150401');
const { $OpenApiUtil } = require('@alicloud/openapi-core');
const { Config: RpcConfig } = require('@alicloud/rpc-client');
const { RuntimeOptions } = require('@alicloud/tea-util');

const { REGION, ROOT } = require('./server.js');

const VERSIONS = { ecs: '2014-05-26', kms: '2016-01-20', ram: '2015-05-01', sts: '2015-04-01' };

/** An error that the server answered, as the client understood it. */
class Refusal extends Error {
  constructor(status, code, text, cause) {
    super(`${status} ${code} ${text}`, { cause });
    this.triple = [status, code, text];
  }
}

class Client {
  ecs(action, parameters) {
    return this.call('ecs', action, parameters);
  }

  kms(action, parameters) {
    return this.call('kms', action, parameters);
  }

  ram(action, parameters) {
    return this.call('ram', action, parameters);
  }

  sts(action, parameters) {
    return this.call('sts', action, parameters);
  }
}

/** The V2 SDKs; KMS, which has none on the registry, through its older client. */
class V2 extends Client {
  constructor(server, { key = ROOT, ...more } = {}) {
    super();
    const config = () =>
      new $OpenApiUtil.Config({
        accessKeyId: key.id,
        accessKeySecret: key.secret,
        securityToken: key.token,
        regionId: REGION,
        endpoint: server.address,
        protocol: 'HTTP',
        ...more,
      });
    this.clients = {
      ecs: new ecsSdk.default(config()),
      ram: new ramSdk.default(config()),
      sts: new stsSdk.default(config()),
      kms: new kmsSdk.default(
        new RpcConfig({
          accessKeyId: key.id,
          accessKeySecret: key.secret,
          securityToken: key.token,
          regionId: REGION,
          endpoint: server.address,
          protocol: 'http',
        }),
      ),
    };
  }

  async call(product, action, parameters = {}) {
    const sdk = { ecs: ecsSdk, kms: kmsSdk, ram: ramSdk, sts: stsSdk }[product];
    const client = this.clients[product];
    const methods = Object.getOwnPropertyNames(Object.getPrototypeOf(client));
    const method = methods.find((name) => name.toLowerCase() === action.toLowerCase());
    const Request = sdk[`${action}Request`];
    const known = Request && Object.keys(parameters).every((name) => Object.values(Request.names()).includes(name));
    let call;
    if (known) call = client[method](typed(Request, parameters));
    else if (method && !Request) call = client[method]();
    // Newer than the typed interface of the older client, which has a general one too.
    else call = client.doRequest(action, 'HTTP', 'POST', VERSIONS[product], 'AK', parameters, null, new RuntimeOptions({}));
    const answer = await call.catch((error) => {
      throw refusal(error, error.data);
    });
    // The older client gives the reply itself, the V2 SDKs a response around it.
    return wire(answer.body ?? answer);
  }
}

/** A request of its type, from parameters by the vendor's names. */
function typed(Request, parameters) {
  const names = Object.entries(Request.names());
  const given = Object.entries(parameters).map(([name, value]) => {
    const [own] = names.find(([, vendor]) => vendor === name) ?? assert.fail(`${name} is no parameter`);
    const type = Request.types()[own];
    if (type.names) return [own, typed(type, value)];
    return [own, Array.isArray(value) && type.itemType?.names ? value.map((item) => typed(type.itemType, item)) : value];
  });
  return new Request(Object.fromEntries(given));
}

/** A typed reply by the vendor's names. */
function wire(value) {
  if (Array.isArray(value)) return value.map(wire);
  if (value === null || typeof value !== 'object') return value;
  const names = value.constructor.names?.() ?? {};
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(members.map(([own, member]) => [names[own] ?? own, wire(member)]));
}

/** The oldest client, which signs with V1 and sends what it is given. */
class Pop extends Client {
  constructor(server, { key = ROOT, method = 'POST' } = {}) {
    super();
    this.method = method;
    this.client = (product) =>
      new PopCore({
        accessKeyId: key.id,
        accessKeySecret: key.secret,
        securityToken: key.token,
        endpoint: `http://${server.address}`,
        apiVersion: VERSIONS[product],
      });
  }

  async call(product, action, parameters = {}) {
    return this.client(product)
      .request(action, flat(parameters), { method: this.method })
      .catch((error) => {
        throw refusal(error, error.data);
      });
  }
}

/** Parameters with the members of structures as parameters of their own; lists the client flattens itself. */
function flat(parameters) {
  return Object.fromEntries(
    Object.entries(parameters).flatMap(([name, value]) => {
      if (value === null || typeof value !== 'object' || Array.isArray(value)) return [[name, value]];
      return Object.entries(value).map(([member, inner]) => [`${name}.${member}`, inner]);
    }),
  );
}

function refusal(error, data) {
  // Not an answer of the server's: a failure of its own.
  if (!data?.RequestId) return error;
  // The older clients say the status in their message, or show the whole exchange.
  const told = /code: (\d{3}), /.exec(error.message)?.[1];
  const status = data.statusCode ?? error.entry?.response?.statusCode ?? Number(told);
  return new Refusal(status, data.Code, data.Message, error);
}

/** Expects the promise to be refused so. */
async function refused(promise, status, code, text) {
  const triple = await promise.then(
    () => assert.fail(`${code} was expected, but the call succeeded`),
    (error) => {
      if (error instanceof Refusal) return error.triple;
      throw error;
    },
  );
  assert.deepStrictEqual(triple, [status, code, text ?? triple[2]]);
}

const KINDS = {
  'the V2 SDKs': (server, more) => new V2(server, more),
  'the V2 SDKs over HTTPS': (server, more) => new V2(server, { protocol: 'HTTPS', ca: server.ca, ...more }),
  'the V2 SDKs signing with V1': (server, more) => new V2(server, { signatureAlgorithm: 'v2', ...more }),
  'pop-core by POST': (server, more) => new Pop(server, more),
  'pop-core by GET': (server, more) => new Pop(server, { method: 'GET', ...more }),
};

module.exports = { KINDS, Pop, V2, refused };
