package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A page of snapshots is never shorter than this where there are more, however few are asked for; the driver counts on it.
const shortestPage = 10

// diskIs asks until the disk is as the driver waits for it.
func diskIs(t *testing.T, csi driver, id string, ready func(csiDisk) bool) csiDisk {
	t.Helper()
	for deadline := time.Now().Add(waitFor); ; time.Sleep(pollEvery) {
		disks := ok[[]csiDisk](t)(csi.describeDisks(ids(id)))
		equal(t, len(disks), 1)
		if ready(disks[0]) {
			return disks[0]
		}
		if time.Now().After(deadline) {
			t.Fatalf("the disk stays %v", disks[0])
		}
	}
}

func TestTheCSIDriversCallsLeadAVolumeThroughItsLife(t *testing.T) {
	withEachClient(t, func(t *testing.T, connect func(*Server, Key) Cloud) {
		cloud := connect(serve(t), root)
		csi, u := driverOf(cloud), user{t, cloud}
		instance := u.runInstance()
		volume := ok[string](t)(csi.createDisk("pvc-1", 20, false, ""))
		// The provisioner's retry, and what the driver does of a volume that it made otherwise: it looks for it.
		equal(t, ok[string](t)(csi.createDisk("pvc-1", 20, false, "")), volume)
		_, err := csi.createDisk("pvc-1", 40, false, "")
		expectCode(t, err, 400, "IdempotentParameterMismatch")
		found := ok[[]csiDisk](t)(csi.findDisks("pvc-1"))
		equal(t, len(found), 1)
		equal(t, found[0], csiDisk{Disk{volume, "Available", "", 20, false}, volume[len("d-"):], ""})

		must(t, csi.attachDisk(volume, instance))
		diskIs(t, csi, volume, func(d csiDisk) bool { return d.Status == "In_use" && d.InstanceID == instance })
		expectCode(t, csi.deleteDisk(volume), 403, "DiskStillAttached")
		must(t, csi.resizeDisk(volume, 40))
		diskIs(t, csi, volume, func(d csiDisk) bool { return d.SizeGiB == 40 })
		kept := ok[string](t)(csi.createSnapshot(volume, "snap-1"))
		u.snapshotIsDone(region, kept)
		equal(t, ok[string](t)(csi.createSnapshot(volume, "snap-1")), kept)
		must(t, csi.detachDisk(volume, instance))
		diskIs(t, csi, volume, func(d csiDisk) bool { return d.Status == "Available" && d.InstanceID == "" })

		must(t, csi.deleteSnapshot(kept))
		expectCode(t, csi.deleteSnapshot(kept), 404, "InvalidSnapshotId.NotFound")
		must(t, csi.deleteDisk(volume))
		equal(t, len(ok[[]csiDisk](t)(csi.findDisks("pvc-1"))), 0)
	})
}

func TestTheCSIDriverListsTheSnapshotsOfAVolumePageByPage(t *testing.T) {
	withEachClient(t, func(t *testing.T, connect func(*Server, Key) Cloud) {
		cloud := connect(serve(t), root)
		csi, u := driverOf(cloud), user{t, cloud}
		instance, volume := u.runInstance(), ok[string](t)(csi.createDisk("pvc", 20, false, ""))
		must(t, csi.attachDisk(volume, instance))
		diskIs(t, csi, volume, func(d csiDisk) bool { return d.Status == "In_use" })
		kept := map[string]bool{}
		for i := 0; i <= shortestPage; i++ {
			snapshot := ok[string](t)(csi.createSnapshot(volume, fmt.Sprintf("snap-%d", i)))
			u.snapshotIsDone(region, snapshot)
			kept[snapshot] = true
		}
		token := ""
		for _, expected := range []int{shortestPage, 1} {
			page, next, err := csi.listSnapshots(volume, 1, token)
			must(t, err)
			equal(t, len(page), expected)
			for _, snapshot := range page {
				equal(t, kept[snapshot], true)
				delete(kept, snapshot)
			}
			token = next
		}
		equal(t, token, "")
	})
}

func TestTheCSIDriversPlainVolumesAreRefusedUnderTheDefaultAndItsEncryptedOnesAreNot(t *testing.T) {
	withEachEncryptingUser(t, func(u user, key string) {
		csi := driverOf(u.cloud)
		_, err := csi.createDisk("pvc-plain", 20, false, "")
		expectCode(u.T, err, 403, "InvalidEncrypted.NotMatchDiskDefaultEncryption")
		equal(u.T, len(ok[[]csiDisk](u.T)(csi.findDisks("pvc-plain"))), 0)
		isUnder := func(volume, key string) {
			u.Helper()
			disk := ok[string](u.T)(csi.createDisk(volume, 20, true, key))
			if key == "" {
				key = ok[string](u.T)(u.cloud.DescribeDiskDefaultKMSKeyId(region))
			}
			shown := diskIs(u.T, csi, disk, func(d csiDisk) bool { return d.Status == "Available" })
			equal(u.T, shown.Disk, Disk{disk, "Available", key, 20, true})
		}
		isUnder("pvc-default", "")
		isUnder("pvc-own", ok[string](u.T)(u.cloud.CreateKey()))
	})
}

func TestTheSettingLetsTheCSIDriversPlainVolumesBeEncrypted(t *testing.T) {
	config := filepath.Join(t.TempDir(), "coffer.toml")
	must(t, os.WriteFile(config, []byte("[default_encryption]\nexplicit_unencrypted = \"encrypt\"\n"), 0o600))
	withEachClient(t, func(t *testing.T, connect func(*Server, Key) Cloud) {
		cloud := connect(serve(t, "--config", config), root)
		must(t, cloud.EnableDiskEncryptionByDefault(region))
		csi := driverOf(cloud)
		volume := ok[string](t)(csi.createDisk("pvc", 20, false, ""))
		equal(t, diskIs(t, csi, volume, func(csiDisk) bool { return true }).Encrypted, true)
	})
}
