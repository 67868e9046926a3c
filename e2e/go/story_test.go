package e2e

import "testing"

func TestTheStoryFromOpeningKMSToDeletingTheDisk(t *testing.T) {
	withEachClient(t, func(t *testing.T, connect func(*Server, Key) Cloud) {
		cloud := connect(serve(t, "--kms", "unopened"), root)
		equal(t, ok[string](t)(cloud.GetCallerIdentity()), account)
		must(t, cloud.OpenKmsService())
		equal(t, ok[bool](t)(cloud.DescribeDiskEncryptionByDefaultStatus(region)), false)
		must(t, cloud.EnableDiskEncryptionByDefault(region))
		equal(t, ok[bool](t)(cloud.DescribeDiskEncryptionByDefaultStatus(region)), true)
		serviceKey := ok[string](t)(cloud.DescribeDiskDefaultKMSKeyId(region))

		key := ok[string](t)(cloud.CreateKey())
		makeRole(t, cloud)
		must(t, cloud.ModifyDiskDefaultKMSKeyId(region, key))
		equal(t, ok[string](t)(cloud.DescribeDiskDefaultKMSKeyId(region)), key)
		if key == serviceKey {
			t.Fatal("a key of the customer's own is the service key")
		}

		disk := ok[string](t)(cloud.CreateDisk(diskGiB, ""))
		shown := ok[[]Disk](t)(cloud.DescribeDisks())
		equal(t, len(shown), 1)
		equal(t, shown[0], Disk{ID: disk, Status: "Available", KMSKeyID: key, SizeGiB: diskGiB, Encrypted: true})
		must(t, cloud.DeleteDisk(disk))
		equal(t, len(ok[[]Disk](t)(cloud.DescribeDisks())), 0)
	})
}
