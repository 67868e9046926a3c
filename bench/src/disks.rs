//! Many disks: made over the wire, and listed by a tag among very many.

use std::error::Error;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;

use coffer_base::{AccountId, Region, Timestamp};
use coffer_store::disks::Disk;
use coffer_store::tags::{self, Resource, Tag};
use coffer_store::{Db, Record as _, StoreError, accounts};

use crate::load::Load;
use crate::request::Signer;
use crate::server::{Data, Options, Server, clock};
use crate::{CONNECTIONS, ROUNDS, list, median};

const REGION: &str = "cn-hangzhou";
const FEW: usize = 10_000;
const MANY: usize = 1_000_000;
/// Disks that share a value of the tag `team`.
const TEAM: usize = 100;
/// Rows in a transaction when filling a database.
const CHUNK: usize = 20_000;
const LISTINGS: usize = 60;

/// Disks made over the wire, each in an encrypted account and with its own data key.
pub(crate) fn creation(binary: &Path) -> Result<(), Box<dyn Error>> {
    let data = Data::new("create")?;
    let server = Server::start(binary, &data, Options { pinned: false, ..Options::default() })?;
    let signer = Signer::new(server.address.clone());
    let region = format!("RegionId={REGION}");
    let enable = signer.many("EnableDiskEncryptionByDefault", "2014-05-26", &region, 1);
    Load::run(&server.address, &enable, 1)?;
    let query = format!("{region}&Size=20&ZoneId={REGION}-b");
    let mut rates = Vec::new();
    for _ in 0..ROUNDS {
        rates
            .push(Load::run(&server.address, &signer.many("CreateDisk", "2014-05-26", &query, FEW), CONNECTIONS)?.rate);
    }
    println!(
        "\n| durable signed CreateDisk, encrypted by default, {CONNECTIONS} connections, {FEW} a round | disks/s, by round | median |"
    );
    println!("| --- | --- | --- |");
    println!("| coffer | {} | {:.0} (bar: 3000) |", list(&rates), median(rates.clone()));
    server.stop()
}

/// The first page of DescribeDisks with a filter on a tag, among few disks and among many.
pub(crate) fn listing(binary: &Path) -> Result<(), Box<dyn Error>> {
    let filters = [
        ("a tag on 100 disks, by page number", "PageSize=10", "Tag.1.Key=team&Tag.1.Value=team-7"),
        ("a tag on 100 disks, by token", "MaxResults=10", "Tag.1.Key=team&Tag.1.Value=team-7"),
        ("a tag on every disk, by token", "MaxResults=10", "Tag.1.Key=fleet&Tag.1.Value=all"),
        ("a tag on every disk, by page number (counts them all)", "PageSize=10", "Tag.1.Key=fleet&Tag.1.Value=all"),
        ("no filter, by token", "MaxResults=10", ""),
    ];
    let mut columns = Vec::new();
    for disks in [FEW, MANY] {
        let data = Data::new("list")?;
        Server::start(binary, &data, Options::default())?.stop()?;
        fill(data.path(), disks)?;
        let server = Server::start(binary, &data, Options::default())?;
        let medians = filters.map(|(_, page, tag)| first_page_ms(&server.address, page, tag));
        columns.push(medians.into_iter().collect::<Result<Vec<f64>, _>>()?);
        server.stop()?;
    }
    println!(
        "\n| DescribeDisks, first page, one connection: median of {LISTINGS}, ms | {FEW} disks | {MANY} disks | ratio |"
    );
    println!("| --- | --- | --- | --- |");
    for ((name, ..), (few, many)) in filters.iter().zip(columns[0].iter().zip(&columns[1])) {
        println!("| {name} | {few:.2} | {many:.2} | {:.2} |", many / few);
    }
    Ok(())
}

fn first_page_ms(address: &str, page: &str, tag: &str) -> Result<f64, Box<dyn Error>> {
    // In the order of names, as the canonical request has them.
    let mut query = format!("{page}&RegionId={REGION}");
    if !tag.is_empty() {
        query = format!("{query}&{tag}");
    }
    let requests = Signer::new(address.to_owned()).many("DescribeDisks", "2014-05-26", &query, LISTINGS);
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let (mut times_ms, mut buffer) = (Vec::new(), vec![0u8; 256 * 1024]);
    for request in &requests {
        let start = clock();
        stream.write_all(request)?;
        let mut filled = 0;
        while crate::load::whole_answer(&buffer[..filled]).is_none_or(|whole| whole > filled) {
            match stream.read(&mut buffer[filled..])? {
                0 => return Err("the server closed a connection".into()),
                read => filled += read,
            }
        }
        times_ms.push(start.elapsed().as_secs_f64() * 1000.0);
        if !buffer.starts_with(b"HTTP/1.1 200") {
            return Err(String::from_utf8_lossy(&buffer[..filled]).into());
        }
    }
    Ok(median(times_ms))
}

/// Puts disks into the database of a server that does not run.
pub(crate) fn fill(directory: &Path, disks: usize) -> Result<(), Box<dyn Error>> {
    let db = Db::open(directory, coffer_store::Options::default())?;
    let account = db.read(|tx| accounts::fact(tx, "main-account"))?.ok_or("no account")?;
    let account = AccountId::parse(&account).ok_or("no account")?;
    let region = Region::parse(REGION).ok_or("no region")?;
    for chunk in 0..disks.div_ceil(CHUNK) {
        let account = account.clone();
        let range = chunk * CHUNK..disks.min((chunk + 1) * CHUNK);
        db.write(move |tx| -> Result<(), StoreError> {
            for n in range {
                let disk = disk(n, &account, region);
                disk.insert(tx)?;
                let on = Resource { account: &account, region, resource_type: "disk", resource_id: &disk.disk_id };
                let team = format!("team-{}", n % (disks / TEAM));
                for (key, value) in [("team", team), ("fleet", "all".to_owned())] {
                    tags::set(tx, on, &Tag { key: key.to_owned(), value })?;
                }
            }
            Ok(())
        })
        .wait()?;
    }
    Ok(())
}

fn disk(n: usize, account: &AccountId, region: Region) -> Disk {
    // Ids are random in life: the number's digits are spread over the space of ids by a multiplication.
    let spread = (n as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    Disk {
        disk_id: format!("d-bp1{spread:017x}"),
        account: account.clone(),
        region,
        zone_id: format!("{REGION}-b"),
        disk_name: format!("disk-{n}"),
        description: String::new(),
        category: "cloud_essd".to_owned(),
        performance_level: "PL1".to_owned(),
        size_gib: 20,
        status: "Available".to_owned(),
        disk_type: "data".to_owned(),
        kms_key_id: None,
        wrapped_data_key: None,
        provisioned_iops: None,
        bursting_enabled: false,
        multi_attach: "Disabled".to_owned(),
        delete_with_instance: false,
        delete_auto_snapshot: true,
        enable_auto_snapshot: true,
        source_snapshot_id: String::new(),
        image_id: String::new(),
        last_instance_id: String::new(),
        volume_number: 1,
        rewrapped_at: None,
        reencrypted_at: None,
        attached_at: None,
        detached_at: None,
        created_at: Timestamp::from_unix_ms(1_700_000_000_000 + i64::try_from(n).unwrap_or(0) * 1000),
    }
}
