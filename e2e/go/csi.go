package e2e

import (
	ecs "github.com/alibabacloud-go/ecs-20140526/v7/client"
	"github.com/alibabacloud-go/tea/tea"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	legacyecs "github.com/aliyun/alibaba-cloud-sdk-go/services/ecs"
)

const (
	// What the CSI driver marks its disks and snapshots with, and finds a volume again by.
	volumeNameTag   = "csi.alibabacloud.com/volume-name"
	createdByTag    = "createdby"
	createdBy       = "alibabacloud-csi-plugin"
	forceDeleteTag  = "force.delete.snapshot"
	describedAtOnce = 100
)

// driver makes the calls of the CSI driver for disks, with the parameters that it sends: Encrypted is always said.
type driver interface {
	// createDisk gives the disk's id; the key is sent only for a volume that is to be encrypted.
	createDisk(name string, sizeGiB int, encrypted bool, key string) (string, error)
	// describeDisks gives those with the ids, a list in JSON.
	describeDisks(ids string) ([]csiDisk, error)
	// findDisks gives those of a volume's name.
	findDisks(name string) ([]csiDisk, error)
	attachDisk(disk, instance string) error
	detachDisk(disk, instance string) error
	resizeDisk(disk string, sizeGiB int) error
	deleteDisk(disk string) error
	// createSnapshot gives the snapshot's id.
	createSnapshot(disk, name string) (string, error)
	// listSnapshots gives the ids of a page of a disk's snapshots, at most so many, and the next page's token.
	listSnapshots(disk string, most int, token string) ([]string, string, error)
	deleteSnapshot(snapshot string) error
}

// csiDisk is what the driver looks at of a disk.
type csiDisk struct {
	Disk
	SerialNumber, InstanceID string
}

// driverOf is the driver over the SDK that a cloud is driven with.
func driverOf(cloud Cloud) driver {
	if older, is := cloud.(*legacy); is {
		return csiLegacy{older.ecs}
	}
	return csiV2{cloud.(*v2).ecs}
}

// csiLegacy drives disks through the older SDK, as the driver itself does.
type csiLegacy struct{ client *legacyecs.Client }

func (c csiLegacy) createDisk(name string, sizeGiB int, encrypted bool, key string) (string, error) {
	request := legacyecs.CreateCreateDiskRequest()
	request.RegionId, request.ZoneId, request.DiskName = region, zone, name
	request.DiskCategory, request.PerformanceLevel = "cloud_essd", "PL0"
	request.Size = requests.NewInteger64(int64(sizeGiB))
	request.Encrypted = requests.NewBoolean(encrypted)
	if encrypted {
		request.KMSKeyId = key
	}
	request.ClientToken = "n:" + name
	request.Tag = &[]legacyecs.CreateDiskTag{{Key: createdByTag, Value: createdBy}, {Key: volumeNameTag, Value: name}}
	answer, err := c.client.CreateDisk(request)
	return answer.DiskId, understoodLegacy(err)
}

func (c csiLegacy) describeDisks(ids string) ([]csiDisk, error) {
	request := legacyecs.CreateDescribeDisksRequest()
	request.DiskIds, request.PageSize = ids, requests.NewInteger(describedAtOnce)
	return c.listed(request)
}

func (c csiLegacy) findDisks(name string) ([]csiDisk, error) {
	request := legacyecs.CreateDescribeDisksRequest()
	request.RegionId, request.Tag = region, &[]legacyecs.DescribeDisksTag{{Key: volumeNameTag, Value: name}}
	return c.listed(request)
}

func (c csiLegacy) listed(request *legacyecs.DescribeDisksRequest) ([]csiDisk, error) {
	answer, err := c.client.DescribeDisks(request)
	var disks []csiDisk
	for _, d := range answer.Disks.Disk {
		disks = append(disks, csiDisk{Disk{d.DiskId, d.Status, d.KMSKeyId, d.Size, d.Encrypted}, d.SerialNumber, d.InstanceId})
	}
	return disks, understoodLegacy(err)
}

func (c csiLegacy) attachDisk(disk, instance string) error {
	request := legacyecs.CreateAttachDiskRequest()
	request.DiskId, request.InstanceId = disk, instance
	_, err := c.client.AttachDisk(request)
	return understoodLegacy(err)
}

func (c csiLegacy) detachDisk(disk, instance string) error {
	request := legacyecs.CreateDetachDiskRequest()
	request.DiskId, request.InstanceId = disk, instance
	_, err := c.client.DetachDisk(request)
	return understoodLegacy(err)
}

func (c csiLegacy) resizeDisk(disk string, sizeGiB int) error {
	request := legacyecs.CreateResizeDiskRequest()
	request.DiskId, request.NewSize, request.Type = disk, requests.NewInteger(sizeGiB), "online"
	_, err := c.client.ResizeDisk(request)
	return understoodLegacy(err)
}

func (c csiLegacy) deleteDisk(disk string) error {
	request := legacyecs.CreateDeleteDiskRequest()
	request.DiskId = disk
	_, err := c.client.DeleteDisk(request)
	return understoodLegacy(err)
}

func (c csiLegacy) createSnapshot(disk, name string) (string, error) {
	request := legacyecs.CreateCreateSnapshotRequest()
	request.DiskId, request.SnapshotName, request.ClientToken = disk, name, "n:"+name
	request.Tag = &[]legacyecs.CreateSnapshotTag{{Key: createdByTag, Value: createdBy}, {Key: forceDeleteTag, Value: "true"}}
	answer, err := c.client.CreateSnapshot(request)
	return answer.SnapshotId, understoodLegacy(err)
}

func (c csiLegacy) listSnapshots(disk string, most int, token string) ([]string, string, error) {
	request := legacyecs.CreateDescribeSnapshotsRequest()
	request.DiskId, request.NextToken, request.MaxResults = disk, token, requests.NewInteger(most)
	answer, err := c.client.DescribeSnapshots(request)
	var listed []string
	for _, snapshot := range answer.Snapshots.Snapshot {
		listed = append(listed, snapshot.SnapshotId)
	}
	return listed, answer.NextToken, understoodLegacy(err)
}

func (c csiLegacy) deleteSnapshot(snapshot string) error {
	request := legacyecs.CreateDeleteSnapshotRequest()
	request.SnapshotId, request.Force = snapshot, requests.NewBoolean(true)
	_, err := c.client.DeleteSnapshot(request)
	return understoodLegacy(err)
}

// csiV2 drives disks through the V2 SDK.
type csiV2 struct{ client *ecs.Client }

func (c csiV2) createDisk(name string, sizeGiB int, encrypted bool, key string) (string, error) {
	request := new(ecs.CreateDiskRequest).
		SetRegionId(region).SetZoneId(zone).SetDiskName(name).SetSize(int32(sizeGiB)).
		SetDiskCategory("cloud_essd").SetPerformanceLevel("PL0").SetEncrypted(encrypted).SetClientToken("n:" + name).
		SetTag([]*ecs.CreateDiskRequestTag{
			{Key: tea.String(createdByTag), Value: tea.String(createdBy)},
			{Key: tea.String(volumeNameTag), Value: &name},
		})
	if encrypted && key != "" {
		request.SetKMSKeyId(key)
	}
	answer, err := c.client.CreateDisk(request)
	if err != nil {
		return "", understoodV2(err)
	}
	return *answer.Body.DiskId, nil
}

func (c csiV2) describeDisks(ids string) ([]csiDisk, error) {
	return c.listed(new(ecs.DescribeDisksRequest).SetRegionId(region).SetDiskIds(ids).SetPageSize(describedAtOnce))
}

func (c csiV2) findDisks(name string) ([]csiDisk, error) {
	named := []*ecs.DescribeDisksRequestTag{{Key: tea.String(volumeNameTag), Value: &name}}
	return c.listed(new(ecs.DescribeDisksRequest).SetRegionId(region).SetTag(named))
}

func (c csiV2) listed(request *ecs.DescribeDisksRequest) ([]csiDisk, error) {
	answer, err := c.client.DescribeDisks(request)
	if err != nil {
		return nil, understoodV2(err)
	}
	var disks []csiDisk
	for _, d := range answer.Body.Disks.Disk {
		shown := Disk{*d.DiskId, *d.Status, *d.KMSKeyId, int(*d.Size), *d.Encrypted}
		disks = append(disks, csiDisk{shown, *d.SerialNumber, *d.InstanceId})
	}
	return disks, nil
}

func (c csiV2) attachDisk(disk, instance string) error {
	_, err := c.client.AttachDisk(new(ecs.AttachDiskRequest).SetDiskId(disk).SetInstanceId(instance))
	return understoodV2(err)
}

func (c csiV2) detachDisk(disk, instance string) error {
	_, err := c.client.DetachDisk(new(ecs.DetachDiskRequest).SetDiskId(disk).SetInstanceId(instance))
	return understoodV2(err)
}

func (c csiV2) resizeDisk(disk string, sizeGiB int) error {
	request := new(ecs.ResizeDiskRequest).SetDiskId(disk).SetNewSize(int32(sizeGiB)).SetType("online")
	_, err := c.client.ResizeDisk(request)
	return understoodV2(err)
}

func (c csiV2) deleteDisk(disk string) error {
	_, err := c.client.DeleteDisk(new(ecs.DeleteDiskRequest).SetDiskId(disk))
	return understoodV2(err)
}

func (c csiV2) createSnapshot(disk, name string) (string, error) {
	request := new(ecs.CreateSnapshotRequest).SetDiskId(disk).SetSnapshotName(name).SetClientToken("n:" + name).
		SetTag([]*ecs.CreateSnapshotRequestTag{
			{Key: tea.String(createdByTag), Value: tea.String(createdBy)},
			{Key: tea.String(forceDeleteTag), Value: tea.String("true")},
		})
	answer, err := c.client.CreateSnapshot(request)
	if err != nil {
		return "", understoodV2(err)
	}
	return *answer.Body.SnapshotId, nil
}

func (c csiV2) listSnapshots(disk string, most int, token string) ([]string, string, error) {
	request := new(ecs.DescribeSnapshotsRequest).SetRegionId(region).SetDiskId(disk).SetMaxResults(int32(most))
	if token != "" {
		request.SetNextToken(token)
	}
	answer, err := c.client.DescribeSnapshots(request)
	if err != nil {
		return nil, "", understoodV2(err)
	}
	var listed []string
	for _, snapshot := range answer.Body.Snapshots.Snapshot {
		listed = append(listed, *snapshot.SnapshotId)
	}
	return listed, tea.StringValue(answer.Body.NextToken), nil
}

func (c csiV2) deleteSnapshot(snapshot string) error {
	_, err := c.client.DeleteSnapshot(new(ecs.DeleteSnapshotRequest).SetSnapshotId(snapshot).SetForce(true))
	return understoodV2(err)
}
