'use strict';
// Steps that many stories share, each done through a client as a user would.

const { REGION } = require('./server.js');

const ROLE = 'AliyunECSDiskEncryptDefaultRole';
const ZONE = `${REGION}-h`;

const makeKey = async (client) => (await client.kms('CreateKey', {})).KeyMetadata.KeyId;
const enable = (client) => client.ecs('EnableDiskEncryptionByDefault', { RegionId: REGION });
const modify = (client, key, region = REGION) =>
  client.ecs('ModifyDiskDefaultKMSKeyId', { RegionId: region, KMSKeyId: key });
const isEnabled = async (client) =>
  (await client.ecs('DescribeDiskEncryptionByDefaultStatus', { RegionId: REGION })).Encrypted;
const defaultKey = async (client) =>
  (await client.ecs('DescribeDiskDefaultKMSKeyId', { RegionId: REGION })).KMSKeyId;
const disks = async (client, more = {}) =>
  (await client.ecs('DescribeDisks', { RegionId: REGION, ...more })).Disks.Disk;
const makeDisk = async (client, more = {}) => {
  const given = { RegionId: REGION, ZoneId: ZONE, DiskCategory: 'cloud_essd', Size: 20, ...more };
  return (await client.ecs('CreateDisk', given)).DiskId;
};

const trust = (principal) =>
  JSON.stringify({ Version: '1', Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: principal }] });

/** A role that the principal may assume, with one of the vendor's policies: unless said, the one through which ECS reaches keys. */
async function makeRole(client, name = ROLE, policy = 'AliyunECSDiskEncryptRolePolicy', principal) {
  const document = trust(principal ?? { Service: ['ecs.aliyuncs.com'] });
  await client.ram('CreateRole', { RoleName: name, AssumeRolePolicyDocument: document });
  await client.ram('AttachPolicyToRole', { PolicyType: 'System', PolicyName: policy, RoleName: name });
}

module.exports = { ZONE, defaultKey, disks, enable, isEnabled, makeDisk, makeKey, makeRole, modify };
