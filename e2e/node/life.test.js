'use strict';
// A disk's whole life, as a user leads it: made, attached, grown, changed, kept in snapshots and images, copied, reset, deleted.

const assert = require('node:assert');
const { describe, test } = require('node:test');
const { setTimeout: sleep } = require('node:timers/promises');

const { KINDS, V2, refused } = require('./clients.js');
const { ZONE, disks, enable, makeDisk, makeKey, makeRole, modify } = require('./cloud.js');
const { REGION, serve } = require('./server.js');

const ELSEWHERE = 'cn-beijing';
const IMAGE = 'ubuntu_24_04_x64_20G_alibase_20250113.vhd';
const TYPE = 'ecs.g7.large';
const WAIT_MS = 20_000;
const POLL_MS = 20;

/** Asks until `ready` holds of the answer, as clients do after every call that begins something. */
async function wait(what, ready) {
  for (const deadline = Date.now() + WAIT_MS; ; await sleep(POLL_MS)) {
    const answer = await what();
    if (ready(answer)) return answer;
    assert.ok(Date.now() < deadline, JSON.stringify(answer));
  }
}

/** Waits until what is listed of one id has all these members. */
const waitFor = (listed, expected) =>
  wait(
    async () => (await listed())[0],
    (shown) => shown && Object.entries(expected).every(([name, value]) => shown[name] === value),
  );

const disk = (client, id) => disks(client, { DiskIds: JSON.stringify([id]) });
const diskIs = (client, id, expected) => waitFor(() => disk(client, id), expected);
const instanceIs = (client, id, status) => {
  const asked = { RegionId: REGION, InstanceIds: JSON.stringify([id]) };
  return waitFor(async () => (await client.ecs('DescribeInstances', asked)).Instances.Instance, { Status: status });
};
const snapshots = async (client, region, more = {}) =>
  (await client.ecs('DescribeSnapshots', { RegionId: region, ...more })).Snapshots.Snapshot;
const snapshotIsDone = (client, id, region = REGION) =>
  waitFor(() => snapshots(client, region, { SnapshotIds: JSON.stringify([id]) }), {
    Status: 'accomplished',
    Progress: '100%',
  });
const imageIsDone = (client, id, region = REGION) => {
  // Only images that are available are listed unless asked.
  const asked = { RegionId: region, ImageId: id, Status: 'Creating,Available' };
  return waitFor(async () => (await client.ecs('DescribeImages', asked)).Images.Image, { Status: 'Available' });
};

async function runInstance(client) {
  const asked = { RegionId: REGION, ZoneId: ZONE, ImageId: IMAGE, InstanceType: TYPE };
  const made = await client.ecs('RunInstances', { ...asked, SystemDisk: { Category: 'cloud_essd' } });
  const [id] = made.InstanceIdSets.InstanceIdSet;
  await instanceIs(client, id, 'Running');
  return id;
}

async function startInstance(client, id) {
  await client.ecs('StartInstance', { InstanceId: id });
  await instanceIs(client, id, 'Running');
}

async function stopInstance(client, id) {
  await client.ecs('StopInstance', { InstanceId: id });
  await instanceIs(client, id, 'Stopped');
}

/** The key under which the client's account has its disks encrypted from now on. */
async function encryptByDefault(client) {
  await makeRole(client);
  await enable(client);
  const key = await makeKey(client);
  await modify(client, key);
  return key;
}

/** The call of the CSI driver for a disk, with the parameters it sends: `Encrypted` is always said. */
const makeVolume = (client, name, more) =>
  makeDisk(client, {
    DiskName: name,
    PerformanceLevel: 'PL0',
    Encrypted: false,
    ClientToken: `n:${name}`,
    Tag: [{ Key: 'createdby', Value: 'alibabacloud-csi-plugin' }],
    ...more,
  });

for (const [kind, connect] of Object.entries(KINDS)) {
  describe(kind, () => {
    test("lead a disk's life", async (t) => {
      const client = connect(await serve(t));
      const key = await encryptByDefault(client);
      const instance = await runInstance(client);
      const [system] = await disks(client, { InstanceId: instance });
      assert.deepStrictEqual([system.Type, system.Encrypted, system.KMSKeyId], ['system', true, key]);

      const made = await makeDisk(client, { DiskName: 'data', PerformanceLevel: 'PL0', Size: 40 });
      const call = (action, more = {}) => client.ecs(action, { DiskId: made, ...more });
      const isNow = (expected) => diskIs(client, made, expected);
      await call('AttachDisk', { InstanceId: instance });
      const attached = { InstanceId: instance, Device: '/dev/xvdb', SerialNumber: made.slice('d-'.length) };
      await isNow({ Status: 'In_use', KMSKeyId: key, ...attached });

      await call('ResizeDisk', { NewSize: 60, Type: 'online' });
      await isNow({ Size: 60, Status: 'In_use' });
      await call('ModifyDiskAttribute', { DiskName: 'grown', DeleteWithInstance: false });
      await call('ModifyDiskSpec', { PerformanceLevel: 'PL1' });
      await isNow({ PerformanceLevel: 'PL1', DiskName: 'grown', DeleteWithInstance: false });

      const { SnapshotId } = await call('CreateSnapshot', { SnapshotName: 'kept' });
      const kept = await snapshotIsDone(client, SnapshotId);
      assert.deepStrictEqual([kept.Encrypted, kept.KMSKeyId, kept.SourceDiskSize], [true, key, '60']);
      const again = await makeDisk(client, { SnapshotId, Size: 60 });
      await diskIs(client, again, { Status: 'Available', SourceSnapshotId: SnapshotId });

      await stopInstance(client, instance);
      await call('ResetDisk', { SnapshotId });
      await isNow({ Status: 'In_use' });
      await call('ReInitDisk');
      await isNow({ Status: 'In_use' });
      await startInstance(client, instance);
      await call('DetachDisk', { InstanceId: instance });
      await isNow({ Status: 'Available' });

      await refused(client.ecs('DeleteSnapshot', { SnapshotId }), 403, 'SnapshotCreatedDisk');
      await client.ecs('DeleteSnapshot', { SnapshotId, Force: true });
      await call('DeleteDisk');
      await client.ecs('DeleteDisk', { DiskId: again });
      await client.ecs('DeleteInstance', { InstanceId: instance, Force: true });
      await wait(
        () => disks(client),
        (left) => left.length === 0,
      );
      assert.deepStrictEqual(await snapshots(client, REGION), []);
    });

    test('copy to another region under a key of that region', async (t) => {
      const client = connect(await serve(t));
      const key = await encryptByDefault(client);
      const [instance, made] = [await runInstance(client), await makeDisk(client)];
      await client.ecs('AttachDisk', { InstanceId: instance, DiskId: made });
      await diskIs(client, made, { Status: 'In_use' });
      const { SnapshotId } = await client.ecs('CreateSnapshot', { DiskId: made });
      await snapshotIsDone(client, SnapshotId);
      const there = { RegionId: REGION, DestinationRegionId: ELSEWHERE, Encrypted: true };
      const named = { DestinationSnapshotName: 'copy', DestinationSnapshotDescription: 'copy' };
      const copy = await client.ecs('CopySnapshot', { SnapshotId, ...there, ...named });
      const shown = await snapshotIsDone(client, copy.SnapshotId, ELSEWHERE);
      assert.deepStrictEqual([shown.Encrypted, shown.SourceSnapshotId], [true, SnapshotId]);
      assert.notStrictEqual(shown.KMSKeyId, key);

      const whole = { RegionId: REGION, InstanceId: instance, ImageName: 'whole' };
      const { ImageId } = await client.ecs('CreateImage', whole);
      await imageIsDone(client, ImageId);
      const copied = await client.ecs('CopyImage', { ImageId, ...there });
      const image = await imageIsDone(client, copied.ImageId, ELSEWHERE);
      const mappings = image.DiskDeviceMappings.DiskDeviceMapping;
      assert.deepStrictEqual(mappings.map((mapping) => mapping.Encrypted), [true, true]);
      await client.ecs('DeleteImage', { RegionId: REGION, ImageId });
      await client.ecs('DeleteImage', { RegionId: ELSEWHERE, ImageId: copied.ImageId });
      const left = await client.ecs('DescribeImages', { RegionId: REGION, ImageOwnerAlias: 'self' });
      assert.deepStrictEqual(left.Images.Image, []);
    });

    test('start no instance whose key is disabled until it is enabled again', async (t) => {
      const client = connect(await serve(t));
      const key = await encryptByDefault(client);
      const instance = await runInstance(client);
      await stopInstance(client, instance);
      await client.kms('DisableKey', { KeyId: key });
      const refusal = [403, 'InvalidParameter.KMSKeyId.CMKNotEnabled', 'The CMK needs to be enabled.'];
      await refused(startInstance(client, instance), ...refusal);
      await client.kms('EnableKey', { KeyId: key });
      await startInstance(client, instance);
    });

    test('replace a system disk under the default', async (t) => {
      const client = connect(await serve(t));
      const key = await encryptByDefault(client);
      const instance = await runInstance(client);
      const [before] = await disks(client, { InstanceId: instance });
      await stopInstance(client, instance);
      const { DiskId } = await client.ecs('ReplaceSystemDisk', { InstanceId: instance, ImageId: IMAGE });
      const after = await disks(client, { InstanceId: instance });
      assert.deepStrictEqual(
        after.map((disk) => [disk.DiskId, disk.Encrypted, disk.KMSKeyId]),
        [[DiskId, true, key]],
      );
      assert.notStrictEqual(DiskId, before.DiskId);
    });

    test('find by tags what bears them', async (t) => {
      const client = connect(await serve(t));
      const Tag = [{ Key: 'team', Value: 'blue' }];
      const made = [await makeDisk(client, { Tag }), await makeDisk(client)];
      const bearing = async () => (await disks(client, { Tag })).map((disk) => disk.DiskId).sort();
      assert.deepStrictEqual(await bearing(), made.slice(0, 1));
      const asked = { RegionId: REGION, ResourceType: 'disk' };
      await client.ecs('TagResources', { ...asked, ResourceId: made, Tag });
      assert.deepStrictEqual(await bearing(), [...made].sort());
      await client.ecs('UntagResources', { ...asked, ResourceId: made.slice(0, 1), TagKey: ['team'] });
      assert.deepStrictEqual(await bearing(), made.slice(1));
      const listed = await client.ecs('ListTagResources', { ...asked, ResourceId: made });
      const tags = listed.TagResources.TagResource.map((tag) => [tag.ResourceId, tag.TagKey, tag.TagValue]);
      assert.deepStrictEqual(tags, [[made[1], 'team', 'blue']]);
    });

    test("make the CSI driver's calls for a volume", async (t) => {
      const client = connect(await serve(t));
      const instance = await runInstance(client);
      const made = await makeVolume(client, 'pvc-1');
      assert.strictEqual(await makeVolume(client, 'pvc-1'), made);
      await refused(makeVolume(client, 'pvc-1', { Size: 40 }), 400, 'IdempotentParameterMismatch');
      const named = await disks(client, { DiskName: 'pvc-1' });
      assert.deepStrictEqual(named.map((disk) => [disk.DiskId, disk.Encrypted]), [[made, false]]);
      await client.ecs('AttachDisk', { InstanceId: instance, DiskId: made });
      await diskIs(client, made, { Status: 'In_use', SerialNumber: made.slice('d-'.length) });
      const grown = { DiskId: made, NewSize: 40, Type: 'online', ClientToken: 'resize' };
      await client.ecs('ResizeDisk', grown);
      await diskIs(client, made, { Size: 40 });
      const Tag = [{ Key: 'force.delete.snapshot', Value: 'true' }];
      const keep = () => client.ecs('CreateSnapshot', { DiskId: made, SnapshotName: 'snap', ClientToken: 'n:snap', Tag });
      const { SnapshotId } = await keep();
      await snapshotIsDone(client, SnapshotId);
      assert.strictEqual((await keep()).SnapshotId, SnapshotId);
      await client.ecs('DetachDisk', { InstanceId: instance, DiskId: made });
      await diskIs(client, made, { Status: 'Available' });
      const forget = () => client.ecs('DeleteSnapshot', { SnapshotId, Force: true });
      await forget();
      await refused(forget(), 404, 'InvalidSnapshotId.NotFound');
      await client.ecs('DeleteDisk', { DiskId: made });
      assert.deepStrictEqual(await disks(client, { DiskName: 'pvc-1' }), []);
    });

    test("are refused the CSI driver's plain volumes under the default, and not its encrypted ones", async (t) => {
      const client = connect(await serve(t));
      const key = await encryptByDefault(client);
      await refused(makeVolume(client, 'pvc-plain'), 403, 'InvalidEncrypted.NotMatchDiskDefaultEncryption');
      assert.deepStrictEqual(await disks(client), []);
      const own = await makeKey(client);
      const under = { 'pvc-default': [{}, key], 'pvc-own': [{ KMSKeyId: own }, own] };
      for (const [name, [given, expected]] of Object.entries(under)) {
        const made = await makeVolume(client, name, { Encrypted: true, ...given });
        await diskIs(client, made, { Encrypted: true, KMSKeyId: expected });
      }
    });
  });
}

test("a setting lets the CSI driver's plain volumes be encrypted", async (t) => {
  const client = new V2(await serve(t, { toml: '[default_encryption]\nexplicit_unencrypted = "encrypt"\n' }));
  await enable(client);
  await diskIs(client, await makeVolume(client, 'pvc'), { Encrypted: true });
});
