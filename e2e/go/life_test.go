package e2e

import (
	"fmt"
	"testing"
	"time"
)

const (
	elsewhere    = "cn-beijing"
	image        = "ubuntu_24_04_x64_20G_alibase_20250113.vhd"
	instanceType = "ecs.g7.large"
	waitFor      = 20 * time.Second
	pollEvery    = 20 * time.Millisecond
	// Only images that are available are listed unless asked.
	imageStatuses = "Creating,Available"
)

// user acts through a client; each call must succeed unless it says otherwise.
type user struct {
	*testing.T
	cloud Cloud
}

// withEachEncryptingUser runs the test once a kind of client, with an account whose disks are encrypted under a key of its own.
func withEachEncryptingUser(t *testing.T, test func(u user, key string)) {
	withEachClient(t, func(t *testing.T, connect func(*Server, Key) Cloud) {
		cloud := connect(serve(t), root)
		enabledWithRole(t, cloud)
		key := ok[string](t)(cloud.CreateKey())
		must(t, cloud.ModifyDiskDefaultKMSKeyId(region, key))
		test(user{t, cloud}, key)
	})
}

func (u user) ecs(action string, parameters Members) Reply {
	u.Helper()
	return ok[Reply](u.T)(u.cloud.ECS(action, parameters))
}

func (u user) refused(status int, code, action string, parameters Members) *Refusal {
	u.Helper()
	_, err := u.cloud.ECS(action, parameters)
	return expectCode(u.T, err, status, code)
}

// shown asks until the only item of the answer's list has all these members, as clients do after every call that begins something.
func (u user) shown(expected Members, action string, parameters Members, list ...string) Reply {
	u.Helper()
	for deadline := time.Now().Add(waitFor); ; time.Sleep(pollEvery) {
		items := u.ecs(action, parameters).List(list...)
		if len(items) == 1 && has(items[0], expected) {
			return items[0]
		}
		if time.Now().After(deadline) {
			u.Fatalf("expected one with %v, got %v", expected, items)
		}
	}
}

func has(reply Reply, expected Members) bool {
	for name, value := range expected {
		if fmt.Sprint(reply[name]) != fmt.Sprint(value) {
			return false
		}
	}
	return true
}

func (u user) disks(parameters Members) []Reply {
	u.Helper()
	parameters["RegionId"] = region
	return u.ecs("DescribeDisks", parameters).List("Disks", "Disk")
}

func (u user) disk(id string, expected Members) Reply {
	u.Helper()
	return u.shown(expected, "DescribeDisks", Members{"RegionId": region, "DiskIds": ids(id)}, "Disks", "Disk")
}

func (u user) systemDisk(instance string, expected Members) Reply {
	u.Helper()
	asked := Members{"RegionId": region, "InstanceId": instance, "DiskType": "system"}
	return u.shown(expected, "DescribeDisks", asked, "Disks", "Disk")
}

func (u user) instanceIs(id, status string) {
	u.Helper()
	asked := Members{"RegionId": region, "InstanceIds": ids(id)}
	u.shown(Members{"Status": status}, "DescribeInstances", asked, "Instances", "Instance")
}

func (u user) snapshotIsDone(region, id string) Reply {
	u.Helper()
	asked := Members{"RegionId": region, "SnapshotIds": ids(id)}
	return u.shown(Members{"Status": "accomplished", "Progress": "100%"}, "DescribeSnapshots", asked, "Snapshots", "Snapshot")
}

func (u user) imageIsDone(region, id string) Reply {
	u.Helper()
	asked := Members{"RegionId": region, "ImageId": id, "Status": imageStatuses}
	return u.shown(Members{"Status": "Available"}, "DescribeImages", asked, "Images", "Image")
}

// makeDisk gives the id of a new disk of 20 GiB, unless the parameters say otherwise.
func (u user) makeDisk(parameters Members) string {
	u.Helper()
	given := Members{"RegionId": region, "ZoneId": zone, "DiskCategory": "cloud_essd", "Size": diskGiB}
	for name, value := range parameters {
		given[name] = value
	}
	return u.ecs("CreateDisk", given).Text("DiskId")
}

func (u user) runInstance() string {
	u.Helper()
	made := u.ecs("RunInstances", Members{
		"RegionId": region, "ZoneId": zone, "ImageId": image, "InstanceType": instanceType,
		"SystemDisk": Members{"Category": "cloud_essd"},
	})
	instance := made.At("InstanceIdSets", "InstanceIdSet").([]interface{})[0].(string)
	u.instanceIs(instance, "Running")
	return instance
}

func (u user) startInstance(id string) {
	u.Helper()
	u.ecs("StartInstance", Members{"InstanceId": id})
	u.instanceIs(id, "Running")
}

func (u user) stopInstance(id string) {
	u.Helper()
	u.ecs("StopInstance", Members{"InstanceId": id})
	u.instanceIs(id, "Stopped")
}

func ids(id string) string { return fmt.Sprintf("[%q]", id) }

func TestADisksLife(t *testing.T) {
	withEachEncryptingUser(t, func(u user, key string) {
		instance := u.runInstance()
		u.systemDisk(instance, Members{"Encrypted": true, "KMSKeyId": key})

		disk := u.makeDisk(Members{"DiskName": "data", "PerformanceLevel": "PL0", "Size": 40})
		of := func(more Members) Members { more["DiskId"] = disk; return more }
		u.ecs("AttachDisk", of(Members{"InstanceId": instance}))
		u.disk(disk, Members{
			"Status": "In_use", "InstanceId": instance, "Device": "/dev/xvdb", "KMSKeyId": key, "SerialNumber": disk[len("d-"):],
		})

		u.ecs("ResizeDisk", of(Members{"NewSize": 60, "Type": "online"}))
		u.disk(disk, Members{"Size": 60, "Status": "In_use"})
		u.ecs("ModifyDiskAttribute", of(Members{"DiskName": "grown", "DeleteWithInstance": false}))
		u.ecs("ModifyDiskSpec", of(Members{"PerformanceLevel": "PL1"}))
		u.disk(disk, Members{"PerformanceLevel": "PL1", "DiskName": "grown", "DeleteWithInstance": false})

		snapshot := u.ecs("CreateSnapshot", of(Members{"SnapshotName": "kept"})).Text("SnapshotId")
		kept := u.snapshotIsDone(region, snapshot)
		if !has(kept, Members{"Encrypted": true, "KMSKeyId": key, "SourceDiskSize": "60"}) {
			u.Fatalf("the snapshot is not of the disk: %v", kept)
		}
		again := u.makeDisk(Members{"SnapshotId": snapshot, "Size": 60})
		u.disk(again, Members{"Status": "Available", "SourceSnapshotId": snapshot})

		u.stopInstance(instance)
		u.ecs("ResetDisk", of(Members{"SnapshotId": snapshot}))
		u.disk(disk, Members{"Status": "In_use"})
		u.ecs("ReInitDisk", of(Members{}))
		u.disk(disk, Members{"Status": "In_use"})
		u.startInstance(instance)
		u.ecs("DetachDisk", of(Members{"InstanceId": instance}))
		u.disk(disk, Members{"Status": "Available"})

		u.refused(403, "SnapshotCreatedDisk", "DeleteSnapshot", Members{"SnapshotId": snapshot})
		u.ecs("DeleteSnapshot", Members{"SnapshotId": snapshot, "Force": true})
		u.ecs("DeleteDisk", of(Members{}))
		u.ecs("DeleteDisk", Members{"DiskId": again})
		u.ecs("DeleteInstance", Members{"InstanceId": instance, "Force": true})
		for deadline := time.Now().Add(waitFor); len(u.disks(Members{})) > 0; time.Sleep(pollEvery) {
			if time.Now().After(deadline) {
				u.Fatalf("disks are left: %v", u.disks(Members{}))
			}
		}
		left := u.ecs("DescribeSnapshots", Members{"RegionId": region}).List("Snapshots", "Snapshot")
		equal(u.T, len(left), 0)
	})
}

func TestCopiesGoToAnotherRegionUnderAKeyOfThatRegion(t *testing.T) {
	withEachEncryptingUser(t, func(u user, key string) {
		instance, disk := u.runInstance(), u.makeDisk(nil)
		u.ecs("AttachDisk", Members{"InstanceId": instance, "DiskId": disk})
		u.disk(disk, Members{"Status": "In_use"})
		copied := func(action string, asked Members) Reply {
			asked["RegionId"], asked["DestinationRegionId"], asked["Encrypted"] = region, elsewhere, true
			return u.ecs(action, asked)
		}
		snapshot := u.ecs("CreateSnapshot", Members{"DiskId": disk}).Text("SnapshotId")
		u.snapshotIsDone(region, snapshot)
		copiedSnapshot := copied("CopySnapshot", Members{
			"SnapshotId": snapshot, "DestinationSnapshotName": "copy", "DestinationSnapshotDescription": "copy",
		}).Text("SnapshotId")
		shown := u.snapshotIsDone(elsewhere, copiedSnapshot)
		if !has(shown, Members{"Encrypted": true, "SourceSnapshotId": snapshot}) || has(shown, Members{"KMSKeyId": key}) {
			u.Fatalf("the copy is not under a key of its region: %v", shown)
		}

		whole := u.ecs("CreateImage", Members{"RegionId": region, "InstanceId": instance, "ImageName": "whole"}).Text("ImageId")
		u.imageIsDone(region, whole)
		copiedImage := copied("CopyImage", Members{"ImageId": whole}).Text("ImageId")
		mappings := u.imageIsDone(elsewhere, copiedImage).List("DiskDeviceMappings", "DiskDeviceMapping")
		equal(u.T, len(mappings), 2)
		for _, mapping := range mappings {
			equal(u.T, has(mapping, Members{"Encrypted": true}), true)
		}
		u.ecs("DeleteImage", Members{"RegionId": region, "ImageId": whole})
		u.ecs("DeleteImage", Members{"RegionId": elsewhere, "ImageId": copiedImage})
		left := u.ecs("DescribeImages", Members{"RegionId": region, "ImageOwnerAlias": "self"}).List("Images", "Image")
		equal(u.T, len(left), 0)
	})
}

func TestAnInstanceWhoseKeyIsDisabledDoesNotStartUntilItIsEnabledAgain(t *testing.T) {
	withEachEncryptingUser(t, func(u user, key string) {
		instance := u.runInstance()
		u.stopInstance(instance)
		must(t, u.cloud.DisableKey(key))
		refusal := u.refused(403, "InvalidParameter.KMSKeyId.CMKNotEnabled", "StartInstance", Members{"InstanceId": instance})
		equal(u.T, refusal.Message, "The CMK needs to be enabled.")
		call(u.T, u.cloud, "kms", "EnableKey", map[string]string{"KeyId": key})
		u.startInstance(instance)
	})
}

func TestASystemDiskIsReplacedUnderTheDefault(t *testing.T) {
	withEachEncryptingUser(t, func(u user, key string) {
		instance := u.runInstance()
		before := u.systemDisk(instance, nil).Text("DiskId")
		u.stopInstance(instance)
		given := u.ecs("ReplaceSystemDisk", Members{"InstanceId": instance, "ImageId": image}).Text("DiskId")
		u.systemDisk(instance, Members{"DiskId": given, "Encrypted": true, "KMSKeyId": key})
		if given == before {
			u.Fatal("the system disk was not replaced")
		}
	})
}

func TestTagsFindWhatBearsThem(t *testing.T) {
	withEachClient(t, func(t *testing.T, connect func(*Server, Key) Cloud) {
		u := user{t, connect(serve(t), root)}
		blue := []Members{{"Key": "team", "Value": "blue"}}
		first, second := u.makeDisk(Members{"Tag": blue}), u.makeDisk(nil)
		both := []string{first, second}
		bears := func(disk string) {
			t.Helper()
			bearing := u.disks(Members{"Tag": blue})
			equal(t, len(bearing), 1)
			equal(t, bearing[0].Text("DiskId"), disk)
		}
		bears(first)
		asked := func(disks []string) Members {
			return Members{"RegionId": region, "ResourceType": "disk", "ResourceId": disks}
		}
		tagging := asked(both)
		tagging["Tag"] = blue
		u.ecs("TagResources", tagging)
		equal(t, len(u.disks(Members{"Tag": blue})), 2)
		untagging := asked(both[:1])
		untagging["TagKey"] = []string{"team"}
		u.ecs("UntagResources", untagging)
		bears(second)
		u.shown(
			Members{"ResourceId": second, "TagKey": "team", "TagValue": "blue"},
			"ListTagResources", asked(both), "TagResources", "TagResource",
		)
	})
}
