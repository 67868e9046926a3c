'use strict';
// The feature from end to end, and the nine errors of ModifyDiskDefaultKMSKeyId, with each of Node's clients.

const assert = require('node:assert');
const { describe, test } = require('node:test');

const { KINDS, V2, refused } = require('./clients.js');
const { defaultKey, disks, enable, isEnabled, makeDisk, makeKey, makeRole, modify } = require('./cloud.js');
const { ACCOUNT, REGION, serve } = require('./server.js');

const CMK_NOT_ENABLED = [400, 'InvalidParameter.KMSKeyId.CMKNotEnabled', 'The CMK needs to be enabled.'];
const KMS_NOT_ENABLED = [400, 'InvalidParameter.Encrypted.KmsNotEnabled', 'KMS must be enabled for encrypted disks.'];
const REGION_NOT_SUPPORTED = [403, 'Abs.InvalidAction.RegionNotSupport', 'This region does not support this action.'];
const REGION_NOT_EXISTS = [403, 'InvalidParameter.RegionIdNotExists', 'The specified region does not exists.'];
const KMS_UNAUTHORIZED = [
  403,
  'InvalidParameter.KMSKeyId.KMSUnauthorized',
  'ECS service have no right to access your KMS.',
];
const KMS_NOT_OPEN = [403, 'InvalidOperation.KMSServiceNotOpen', 'KMS service is currently not open.'];
const NOT_IN_WHITE_LIST = [403, 'UserNotInTheWhiteList', 'The user is not in disk white list.'];
const NOT_CONFIGURED = [
  403,
  'InvalidDefaultEncryption.NotFound',
  'You have not configured default encryption setting in this region.',
];
const keyNotFound = (key) => [403, 'InvalidOperation.KMSKeyIdNotFound', `The specified KMSKeyId not found, ${key}.`];

/** The same data directory, with KMS found in another state. */
async function reopen(server, state) {
  await server.stop();
  server.options = ['--kms', state];
  await server.start();
}

for (const [kind, connect] of Object.entries(KINDS)) {
  describe(kind, () => {
    test('play the whole story', async (t) => {
      const client = connect(await serve(t));
      assert.strictEqual(await isEnabled(client), false);
      await makeDisk(client, { DiskName: 'plain' });
      await enable(client);
      assert.strictEqual(await isEnabled(client), true);
      const serviceKey = await defaultKey(client);
      const filters = JSON.stringify([{ Key: 'AliasName', Values: ['acs/ecs'] }]);
      const listed = await client.kms('ListKeys', { Filters: filters });
      assert.deepStrictEqual(listed.Keys.Key.map((key) => key.KeyId), [serviceKey]);

      const ownKey = await makeKey(client);
      await makeRole(client);
      await modify(client, ownKey);
      assert.strictEqual(await defaultKey(client), ownKey);
      const disk = await makeDisk(client, { DiskName: 'secret', Tag: [{ Key: 'env', Value: 'a b*~!' }] });
      const [shown] = await disks(client, { DiskIds: JSON.stringify([disk]) });
      assert.deepStrictEqual([shown.DiskName, shown.Encrypted, shown.KMSKeyId], ['secret', true, ownKey]);
      assert.deepStrictEqual(
        shown.Tags.Tag.map((tag) => [tag.TagKey, tag.TagValue]),
        [['env', 'a b*~!']],
      );

      await client.kms('DisableKey', { KeyId: ownKey });
      await refused(
        makeDisk(client),
        403,
        'InvalidParameter.KMSKeyId.CMKNotEnabled',
        'The CMK (Customer Master Key) must be in an active state.',
      );
      assert.strictEqual((await disks(client)).length, 2);
      await client.kms('EnableKey', { KeyId: ownKey });
      await client.kms('ScheduleKeyDeletion', { KeyId: ownKey, PendingWindowInDays: 7 });
      await refused(makeDisk(client), 403, 'InvalidParameter.KMSKeyId.CMKNotEnabled');
      await client.kms('CancelKeyDeletion', { KeyId: ownKey });
      await makeDisk(client);
      assert.strictEqual((await disks(client)).length, 3);

      await client.ecs('ResetDiskDefaultKMSKeyId', { RegionId: REGION });
      assert.strictEqual(await defaultKey(client), serviceKey);
      await client.ecs('DisableDiskEncryptionByDefault', { RegionId: REGION });
      assert.strictEqual(await isEnabled(client), false);
      for (const { DiskId } of await disks(client)) await client.ecs('DeleteDisk', { DiskId });
      assert.deepStrictEqual(await disks(client), []);
    });

    test('are told that the key is disabled', async (t) => {
      const client = connect(await serve(t));
      await enable(client);
      await makeRole(client);
      const key = await makeKey(client);
      await client.kms('DisableKey', { KeyId: key });
      await refused(modify(client, key), ...CMK_NOT_ENABLED);
      await client.kms('EnableKey', { KeyId: key });
      await modify(client, key);
    });

    for (const [state, error] of [
      ['unopened', KMS_NOT_ENABLED],
      ['suspended', KMS_NOT_OPEN],
    ]) {
      test(`are told that KMS is ${state}`, async (t) => {
        const server = await serve(t);
        const before = connect(server);
        await enable(before);
        await makeRole(before);
        const key = await makeKey(before);
        await reopen(server, state);
        const client = connect(server);
        await refused(modify(client, key), ...error);
        await client.kms('OpenKmsService', {});
        await modify(client, key);
      });
    }

    test('are told that the region lacks the feature, or does not exist', async (t) => {
      const client = connect(await serve(t));
      await refused(modify(client, 'any', 'cn-nanjing'), ...REGION_NOT_SUPPORTED);
      await refused(modify(client, 'any', 'cn-atlantis'), ...REGION_NOT_EXISTS);
    });

    test('are told that ECS may not use the key', async (t) => {
      const client = connect(await serve(t));
      await enable(client);
      const key = await makeKey(client);
      await refused(modify(client, key), ...KMS_UNAUTHORIZED);
      await makeRole(client);
      await modify(client, key);
    });

    test('are told that the key does not exist', async (t) => {
      const client = connect(await serve(t));
      await enable(client);
      const key = '0e478b7a-4262-4802-b8cb-00d3fb40826X';
      await refused(modify(client, key), ...keyNotFound(key));
    });

    test('are told that the account is not on the white list', async (t) => {
      const client = connect(await serve(t, { toml: '[default_encryption]\nwhite_list = ["1111222233334444"]\n' }));
      await refused(modify(client, 'any'), ...NOT_IN_WHITE_LIST);
    });

    test('are told that the default is off', async (t) => {
      const client = connect(await serve(t));
      await refused(modify(client, await makeKey(client)), ...NOT_CONFIGURED);
    });

    test('encrypt and decrypt with a context in any order', async (t) => {
      const client = connect(await serve(t));
      const key = await makeKey(client);
      const context = (pairs) => ({ EncryptionContext: JSON.stringify(pairs) });
      const text = 'not base64: ä!*\'()~ +&=';
      const made = await client.kms('Encrypt', { KeyId: key, Plaintext: text, ...context({ a: '1', b: '2' }) });
      const blob = { CiphertextBlob: made.CiphertextBlob };
      const back = await client.kms('Decrypt', { ...blob, ...context({ b: '2', a: '1' }) });
      assert.strictEqual(back.Plaintext, text);
      await refused(client.kms('Decrypt', { ...blob, ...context({ a: '1' }) }), 400, 'InvalidParameter');
      const dataKey = await client.kms('GenerateDataKey', { KeyId: key, KeySpec: 'AES_256', ...context({}) });
      const plain = await client.kms('Decrypt', { CiphertextBlob: dataKey.CiphertextBlob });
      assert.strictEqual(plain.Plaintext, dataKey.Plaintext);
      assert.strictEqual(Buffer.from(plain.Plaintext, 'base64').length, 32);
    });

    test('use a session of a role, which ends with it', async (t) => {
      const server = await serve(t);
      const root = connect(server);
      await makeRole(root, 'operator', 'AliyunECSFullAccess', { RAM: [`acs:ram::${ACCOUNT}:root`] });
      await root.ram('CreateUser', { UserName: 'alice' });
      const policy = { PolicyType: 'System', PolicyName: 'AliyunSTSAssumeRoleAccess', UserName: 'alice' };
      await root.ram('AttachPolicyToUser', policy);
      const { AccessKey } = await root.ram('CreateAccessKey', { UserName: 'alice' });
      const user = connect(server, { key: { id: AccessKey.AccessKeyId, secret: AccessKey.AccessKeySecret } });
      await refused(enable(user), 403, 'Forbidden.RAM');
      const { Credentials } = await user.sts('AssumeRole', {
        RoleArn: `acs:ram::${ACCOUNT}:role/operator`,
        RoleSessionName: 'node',
      });
      const session = connect(server, {
        key: {
          id: Credentials.AccessKeyId,
          secret: Credentials.AccessKeySecret,
          token: Credentials.SecurityToken,
        },
      });
      await enable(session);
      assert.strictEqual(await isEnabled(session), true);
      await refused(modify(session, 'any'), 403, 'Forbidden.SubUser', 'The specified action is not available for you.');
      await refused(session.kms('CreateKey', {}), 403, 'Forbidden.NoPermission');
      await root.ram('DetachPolicyFromRole', { PolicyType: 'System', PolicyName: 'AliyunECSFullAccess', RoleName: 'operator' });
      await refused(isEnabled(session), 403, 'Forbidden.RAM');
      await root.ram('DeleteRole', { RoleName: 'operator' });
      await refused(isEnabled(session), 400, 'InvalidSecurityToken.Expired', 'Specified SecurityToken is expired.');
    });

    test('are refused with an unknown key or a wrong secret', async (t) => {
      const server = await serve(t);
      const stranger = connect(server, { key: { id: 'LTAI5tUnknownUnknown0000', secret: 'secret' } });
      await refused(enable(stranger), 404, 'InvalidAccessKeyId.NotFound', 'Specified access key is not found.');
      const forger = connect(server, { key: { id: 'LTAI5tRootOfTheTests0000', secret: 'wrong-secret' } });
      await refused(enable(forger), 400, 'SignatureDoesNotMatch');
      assert.strictEqual(await isEnabled(connect(server)), false);
    });
  });
}

test('a client token makes a retry of the V2 SDK harmless', async (t) => {
  const client = new V2(await serve(t));
  const first = await makeDisk(client, { ClientToken: 'once' });
  assert.strictEqual(await makeDisk(client, { ClientToken: 'once' }), first);
  await refused(makeDisk(client, { ClientToken: 'once', Size: 21 }), 400, 'IdempotentParameterMismatch');
  assert.strictEqual((await disks(client)).length, 1);
});
