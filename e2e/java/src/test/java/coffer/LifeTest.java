package coffer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A disk's whole life, as a user leads it: made, attached, grown, changed, kept in snapshots and images, copied, reset, deleted. */
class LifeTest extends WithServer {
    private static final String ELSEWHERE = "cn-beijing";
    private static final String IMAGE = "ubuntu_24_04_x64_20G_alibase_20250113.vhd";
    private static final String TYPE = "ecs.g7.large";
    private static final Duration WAIT = Duration.ofSeconds(20);
    private static final long POLL_MS = 20;
    private static final List<Map<String, String>> BLUE = List.of(Map.of("Key", "team", "Value", "blue"));

    private Cloud cloud;

    /** Connects to a new server, whose account gets a key of its own for its disks from now on. */
    private String encryptByDefault(Kind kind) throws Exception {
        cloud = kind.connect(serve());
        cloud.makeRole();
        cloud.enable();
        String key = cloud.makeKey();
        cloud.modify(key);
        return key;
    }

    /** Asks until the answer is ready, as clients do after every call that begins something. */
    private static List<Reply> await(Supplier<List<Reply>> asked, Predicate<List<Reply>> ready) throws Exception {
        for (Instant deadline = Instant.now().plus(WAIT); ; Thread.sleep(POLL_MS)) {
            List<Reply> answer = asked.get();
            if (ready.test(answer)) {
                return answer;
            }
            assertTrue(Instant.now().isBefore(deadline), answer::toString);
        }
    }

    private static Reply awaitOne(Supplier<List<Reply>> asked, Object... expected) throws Exception {
        return await(asked, shown -> shown.size() == 1 && shown.get(0).has(expected)).get(0);
    }

    private static String ids(String id) {
        return "[\"%s\"]".formatted(id);
    }

    private void diskIs(String id, Object... expected) throws Exception {
        awaitOne(() -> cloud.disks("DiskIds", ids(id)), expected);
    }

    private void instanceIs(String id, String status) throws Exception {
        awaitOne(
                () -> cloud.ecs("DescribeInstances", "RegionId", Server.REGION, "InstanceIds", ids(id))
                        .list("Instances", "Instance"),
                "Status",
                status);
    }

    private Reply snapshotIsDone(String region, String id) throws Exception {
        return awaitOne(
                () -> cloud.ecs("DescribeSnapshots", "RegionId", region, "SnapshotIds", ids(id))
                        .list("Snapshots", "Snapshot"),
                "Status",
                "accomplished",
                "Progress",
                "100%");
    }

    /** Only images that are available are listed unless asked. */
    private Reply imageIsDone(String region, String id) throws Exception {
        return awaitOne(
                () -> cloud.ecs("DescribeImages", "RegionId", region, "ImageId", id, "Status", "Creating,Available")
                        .list("Images", "Image"),
                "Status",
                "Available");
    }

    private String runInstance() throws Exception {
        String id = cloud.ecs(
                        "RunInstances",
                        "RegionId", Server.REGION,
                        "ZoneId", Server.ZONE,
                        "ImageId", IMAGE,
                        "InstanceType", TYPE,
                        "SystemDisk", Map.of("Category", "cloud_essd"))
                .texts("InstanceIdSets", "InstanceIdSet")
                .get(0);
        instanceIs(id, "Running");
        return id;
    }

    private void startInstance(String id) throws Exception {
        cloud.ecs("StartInstance", "InstanceId", id);
        instanceIs(id, "Running");
    }

    private void stopInstance(String id) throws Exception {
        cloud.ecs("StopInstance", "InstanceId", id);
        instanceIs(id, "Stopped");
    }

    private void attach(String disk, String instance) throws Exception {
        cloud.ecs("AttachDisk", "InstanceId", instance, "DiskId", disk);
        diskIs(disk, "Status", "In_use", "InstanceId", instance, "SerialNumber", disk.substring("d-".length()));
    }

    private void detach(String disk, String instance) throws Exception {
        cloud.ecs("DetachDisk", "InstanceId", instance, "DiskId", disk);
        diskIs(disk, "Status", "Available");
    }

    @ParameterizedTest
    @EnumSource
    void leads_a_disks_life(Kind kind) throws Exception {
        String key = encryptByDefault(kind);
        String instance = runInstance();
        Reply system = cloud.disks("InstanceId", instance).get(0);
        assertTrue(system.has("Type", "system", "Encrypted", true, "KMSKeyId", key), system::toString);

        String disk = cloud.makeDisk("DiskName", "data", "PerformanceLevel", "PL0", "Size", 40);
        attach(disk, instance);
        diskIs(disk, "Device", "/dev/xvdb", "KMSKeyId", key);
        cloud.ecs("ResizeDisk", "DiskId", disk, "NewSize", 60, "Type", "online");
        diskIs(disk, "Size", 60, "Status", "In_use");
        cloud.ecs("ModifyDiskAttribute", "DiskId", disk, "DiskName", "grown", "DeleteWithInstance", false);
        cloud.ecs("ModifyDiskSpec", "DiskId", disk, "PerformanceLevel", "PL1");
        diskIs(disk, "PerformanceLevel", "PL1", "DiskName", "grown", "DeleteWithInstance", false);

        String snapshot = cloud.ecs("CreateSnapshot", "DiskId", disk, "SnapshotName", "kept").text("SnapshotId");
        Reply kept = snapshotIsDone(Server.REGION, snapshot);
        assertTrue(kept.has("Encrypted", true, "KMSKeyId", key, "SourceDiskSize", "60"), kept::toString);
        String again = cloud.makeDisk("SnapshotId", snapshot, "Size", 60);
        diskIs(again, "Status", "Available", "SourceSnapshotId", snapshot);

        stopInstance(instance);
        cloud.ecs("ResetDisk", "DiskId", disk, "SnapshotId", snapshot);
        diskIs(disk, "Status", "In_use");
        cloud.ecs("ReInitDisk", "DiskId", disk);
        diskIs(disk, "Status", "In_use");
        startInstance(instance);
        detach(disk, instance);

        refused(() -> cloud.ecs("DeleteSnapshot", "SnapshotId", snapshot), 403, "SnapshotCreatedDisk");
        cloud.ecs("DeleteSnapshot", "SnapshotId", snapshot, "Force", true);
        cloud.ecs("DeleteDisk", "DiskId", disk);
        cloud.ecs("DeleteDisk", "DiskId", again);
        cloud.ecs("DeleteInstance", "InstanceId", instance, "Force", true);
        await(cloud::disks, List::isEmpty);
        assertEquals(
                List.of(), cloud.ecs("DescribeSnapshots", "RegionId", Server.REGION).list("Snapshots", "Snapshot"));
    }

    @ParameterizedTest
    @EnumSource
    void copies_to_another_region_under_a_key_of_that_region(Kind kind) throws Exception {
        String key = encryptByDefault(kind);
        String instance = runInstance();
        String disk = cloud.makeDisk();
        attach(disk, instance);
        String snapshot = cloud.ecs("CreateSnapshot", "DiskId", disk).text("SnapshotId");
        snapshotIsDone(Server.REGION, snapshot);
        String copy = cloud.ecs(
                        "CopySnapshot",
                        "SnapshotId", snapshot,
                        "RegionId", Server.REGION,
                        "DestinationRegionId", ELSEWHERE,
                        "DestinationSnapshotName", "copy",
                        "DestinationSnapshotDescription", "copy",
                        "Encrypted", true)
                .text("SnapshotId");
        Reply shown = snapshotIsDone(ELSEWHERE, copy);
        assertTrue(shown.has("Encrypted", true, "SourceSnapshotId", snapshot), shown::toString);
        assertNotEquals(key, shown.text("KMSKeyId"));

        String image = cloud.ecs("CreateImage", "RegionId", Server.REGION, "InstanceId", instance, "ImageName", "whole")
                .text("ImageId");
        imageIsDone(Server.REGION, image);
        String copied = cloud.ecs(
                        "CopyImage",
                        "ImageId", image,
                        "RegionId", Server.REGION,
                        "DestinationRegionId", ELSEWHERE,
                        "Encrypted", true)
                .text("ImageId");
        List<Reply> mappings = imageIsDone(ELSEWHERE, copied).list("DiskDeviceMappings", "DiskDeviceMapping");
        assertEquals(2, mappings.size());
        for (Reply mapping : mappings) {
            // These SDKs do not know yet that a mapping says so itself.
            assertTrue(snapshotIsDone(ELSEWHERE, mapping.text("SnapshotId")).flag("Encrypted"));
        }
        cloud.ecs("DeleteImage", "RegionId", Server.REGION, "ImageId", image);
        cloud.ecs("DeleteImage", "RegionId", ELSEWHERE, "ImageId", copied);
        Reply left = cloud.ecs("DescribeImages", "RegionId", Server.REGION, "ImageOwnerAlias", "self");
        assertEquals(List.of(), left.list("Images", "Image"));
    }

    @ParameterizedTest
    @EnumSource
    void starts_no_instance_whose_key_is_disabled_until_it_is_enabled_again(Kind kind) throws Exception {
        String key = encryptByDefault(kind);
        String instance = runInstance();
        stopInstance(instance);
        cloud.kms("DisableKey", "KeyId", key);
        refused(
                () -> startInstance(instance),
                403,
                "InvalidParameter.KMSKeyId.CMKNotEnabled",
                "The CMK needs to be enabled.");
        cloud.kms("EnableKey", "KeyId", key);
        startInstance(instance);
    }

    @ParameterizedTest
    @EnumSource
    void replaces_a_system_disk_under_the_default(Kind kind) throws Exception {
        String key = encryptByDefault(kind);
        String instance = runInstance();
        String before = cloud.disks("InstanceId", instance).get(0).text("DiskId");
        stopInstance(instance);
        String given = cloud.ecs("ReplaceSystemDisk", "InstanceId", instance, "ImageId", IMAGE).text("DiskId");
        List<Reply> after = cloud.disks("InstanceId", instance);
        assertEquals(1, after.size());
        assertTrue(after.get(0).has("DiskId", given, "Encrypted", true, "KMSKeyId", key), after::toString);
        assertNotEquals(before, given);
    }

    @ParameterizedTest
    @EnumSource
    void finds_by_tags_what_bears_them(Kind kind) throws Exception {
        cloud = kind.connect(serve());
        String first = cloud.makeDisk("Tag", BLUE);
        String second = cloud.makeDisk();
        assertEquals(List.of(first), bearing());
        List<String> both = List.of(first, second);
        cloud.ecs("TagResources", "RegionId", Server.REGION, "ResourceType", "disk", "ResourceId", both, "Tag", BLUE);
        assertEquals(both.stream().sorted().toList(), bearing());
        cloud.ecs(
                "UntagResources",
                "RegionId", Server.REGION,
                "ResourceType", "disk",
                "ResourceId", List.of(first),
                "TagKey", List.of("team"));
        assertEquals(List.of(second), bearing());
        Reply listed =
                cloud.ecs("ListTagResources", "RegionId", Server.REGION, "ResourceType", "disk", "ResourceId", both);
        List<Reply> tags = listed.list("TagResources", "TagResource");
        assertEquals(1, tags.size());
        assertTrue(tags.get(0).has("ResourceId", second, "TagKey", "team", "TagValue", "blue"), tags::toString);
    }

    private List<String> bearing() {
        return cloud.disks("Tag", BLUE).stream().map(disk -> disk.text("DiskId")).sorted().toList();
    }

    /** The CSI driver's call for a disk, with the parameters that it sends: {@code Encrypted} is always said. */
    private String makeVolume(String name, Object... parameters) {
        Map<String, Object> given = Cloud.named(
                "DiskName", name,
                "PerformanceLevel", "PL0",
                "Encrypted", false,
                "ClientToken", "n:" + name,
                "Tag", List.of(Map.of("Key", "createdby", "Value", "alibabacloud-csi-plugin")));
        given.putAll(Cloud.named(parameters));
        return cloud.makeDisk(given);
    }

    @ParameterizedTest
    @EnumSource
    void makes_the_CSI_drivers_calls_for_a_volume(Kind kind) throws Exception {
        cloud = kind.connect(serve());
        String instance = runInstance();
        String volume = makeVolume("pvc-1");
        assertEquals(volume, makeVolume("pvc-1"), "a retry of the provisioner");
        refused(() -> makeVolume("pvc-1", "Size", 40), 400, "IdempotentParameterMismatch");
        List<Reply> named = cloud.disks("DiskName", "pvc-1");
        assertEquals(1, named.size());
        assertTrue(named.get(0).has("DiskId", volume, "Encrypted", false), named::toString);
        attach(volume, instance);
        cloud.ecs("ResizeDisk", "DiskId", volume, "NewSize", 40, "Type", "online", "ClientToken", "resize");
        diskIs(volume, "Size", 40);
        String kept = keep(volume);
        snapshotIsDone(Server.REGION, kept);
        assertEquals(kept, keep(volume));
        detach(volume, instance);
        cloud.ecs("DeleteSnapshot", "SnapshotId", kept, "Force", true);
        refused(
                () -> cloud.ecs("DeleteSnapshot", "SnapshotId", kept, "Force", true),
                404,
                "InvalidSnapshotId.NotFound");
        cloud.ecs("DeleteDisk", "DiskId", volume);
        assertEquals(List.of(), cloud.disks("DiskName", "pvc-1"));
    }

    private String keep(String volume) {
        List<Map<String, String>> tag = List.of(Map.of("Key", "force.delete.snapshot", "Value", "true"));
        return cloud.ecs("CreateSnapshot", "DiskId", volume, "SnapshotName", "snap", "ClientToken", "n:snap", "Tag", tag)
                .text("SnapshotId");
    }

    @ParameterizedTest
    @EnumSource
    void is_refused_the_CSI_drivers_plain_volumes_under_the_default_and_not_its_encrypted_ones(Kind kind)
            throws Exception {
        String key = encryptByDefault(kind);
        refused(() -> makeVolume("pvc-plain"), 403, "InvalidEncrypted.NotMatchDiskDefaultEncryption");
        assertEquals(List.of(), cloud.disks());
        diskIs(makeVolume("pvc-default", "Encrypted", true), "Encrypted", true, "KMSKeyId", key);
        String own = cloud.makeKey();
        diskIs(makeVolume("pvc-own", "Encrypted", true, "KMSKeyId", own), "Encrypted", true, "KMSKeyId", own);
    }

    @Test
    void a_setting_lets_the_CSI_drivers_plain_volumes_be_encrypted() throws Exception {
        cloud = Kind.V2_SDKS.connect(serveConfigured("[default_encryption]\nexplicit_unencrypted = \"encrypt\"\n"));
        cloud.enable();
        diskIs(makeVolume("pvc"), "Encrypted", true);
    }
}
