//! A disk whose key is disabled: what goes on, what does not, and what comes back by itself.

use std::io;
use std::time::Duration;

use crate::harness::ECS;
use crate::nbd::Nbd;
use crate::site::{Site, text};

/// What the vendor calls it.
const NOT_ENABLED: &str = "InvalidParameter.KMSKeyId.CMKNotEnabled";
const EPERM: i32 = 1;
/// Longer than it takes until the keys are looked at again.
const A_LOOK: Duration = Duration::from_secs(5);

/// A disk under a customer's key, attached: the instance, the disk, the key, a connection.
fn scene(site: &mut Site) -> (String, String, String, Nbd) {
    let (instance_id, key_id) = (site.instance(), site.customer_key());
    let (disk_id, nbd) = site.attached(&instance_id, &[("KMSKeyId", &key_id)]);
    (instance_id, disk_id, key_id, nbd)
}

fn attach_is_refused(site: &mut Site, disk_id: &str, instance_id: &str) {
    let refused = site.call(ECS, "AttachDisk", &[("DiskId", disk_id), ("InstanceId", instance_id)]);
    assert_eq!((refused.status, text(&refused.body["Code"]).as_str()), (403, NOT_ENABLED));
}

#[test]
fn without_a_fence_io_goes_on_and_the_next_attach_is_refused_by_name() {
    let mut site = Site::new("disks-outage");
    let (instance_id, disk_id, key_id, mut nbd) = scene(&mut site);
    nbd.write(0, &[1; 4096]).unwrap();
    site.key("DisableKey", &key_id);
    std::thread::sleep(A_LOOK);
    nbd.write(4096, &[2; 4096]).unwrap();
    nbd.flush().unwrap();
    assert!(nbd.read(0, 8192).unwrap() == [[1; 4096], [2; 4096]].concat());
    assert!(site.log().contains("disk key unavailable"), "{}", site.log());
    site.detach(&disk_id, &instance_id);
    assert!(nbd.read(0, 512).is_err(), "who was connected is not any more");
    attach_is_refused(&mut site, &disk_id, &instance_id);
    site.key("EnableKey", &key_id);
    site.attach(&disk_id, &instance_id);
    assert!(site.connect(&disk_id).read(4096, 4096).unwrap() == [2; 4096]);
}

#[test]
fn a_fence_refuses_io_after_its_time_and_the_same_connection_goes_on_when_the_key_is_back() {
    let mut site = Site::with("disks-fence", "[volumes]\nfence_after_s = 1\n", "info");
    let (_, disk_id, key_id, mut nbd) = scene(&mut site);
    nbd.write(0, &[1; 4096]).unwrap();
    site.key("DisableKey", &key_id);
    let refused = |outcome: io::Result<()>| outcome.is_err_and(|error| error.raw_os_error() == Some(EPERM));
    site.until("writes are refused", |_| refused(nbd.write(0, &[2; 4096])));
    assert!(refused(nbd.read(0, 4096).map(drop)) && refused(nbd.flush()));
    assert_eq!(site.export(&disk_id)["Status"], "Fenced");
    assert!(site.log().contains("\"fenced\""), "{}", site.log());
    site.key("EnableKey", &key_id);
    site.until("I/O goes on", |_| nbd.flush().is_ok());
    nbd.write(4096, &[3; 4096]).unwrap();
    let bytes = nbd.read(0, 8192).unwrap();
    // Before the fence a write of 2 may have come through.
    assert!((bytes[..4096] == [1; 4096] || bytes[..4096] == [2; 4096]) && bytes[4096..] == [3; 4096]);
    assert!(site.log().contains("\"restored\""), "{}", site.log());
}

#[test]
fn a_disk_whose_key_is_disabled_at_a_restart_is_closed_says_so_and_opens_by_itself_when_the_key_is_back() {
    let mut site = Site::new("disks-outage-restart");
    let (_, disk_id, key_id, mut nbd) = scene(&mut site);
    nbd.write(0, &[1; 4096]).unwrap();
    nbd.flush().unwrap();
    site.key("DisableKey", &key_id);
    assert!(site.signal("-TERM").success());
    let before = site.log().len();
    site.start();
    site.until("the log names the disk and the reason", |site| {
        let log = site.log()[before..].to_owned();
        log.lines().any(|line| {
            [disk_id.as_str(), &key_id, NOT_ENABLED, "disk key unavailable"].iter().all(|word| line.contains(word))
        })
    });
    assert_eq!(site.export(&disk_id)["Status"], "Closed");
    assert_eq!(site.described(&disk_id)["Status"], "In_use");
    site.key("EnableKey", &key_id);
    assert!(site.connect(&disk_id).read(0, 4096).unwrap() == [1; 4096]);
}
