//! What KMS is given in base64 - ciphertexts, signatures, imported material and its token, public keys: made up, or good ones changed.
//! Nothing of that opens, verifies or is imported, and nothing fails but the caller's request.

use std::cell::RefCell;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use coffer_cloud::Product;

use crate::support::{World, root, text};

/// Calls with one parameter that holds bytes: the action, all its parameters, and the name of that one.
type Call = (&'static str, Vec<(String, String)>, &'static str);

const PARAMETERS: [(&str, &str); 9] = [
    ("AsymmetricDecrypt", "CiphertextBlob"),
    ("AsymmetricVerify", "Value"),
    ("Decrypt", "CiphertextBlob"),
    ("ExportDataKey", "CiphertextBlob"),
    ("ExportDataKey", "PublicKeyBlob"),
    ("GenerateAndExportDataKey", "PublicKeyBlob"),
    ("ImportKeyMaterial", "EncryptedKeyMaterial"),
    ("ImportKeyMaterial", "ImportToken"),
    ("ReEncrypt", "CiphertextBlob"),
];

thread_local! {
    static CALLS: RefCell<(World, Vec<Call>)> = RefCell::new({
        let world = World::new();
        let calls = PARAMETERS.map(|(action, name)| (action, world.sample(Product::Kms, action), name));
        (world, calls.into())
    });
}

pub(crate) fn run(data: &[u8]) {
    let Some((choice, data)) = data.split_first() else { return };
    CALLS.with_borrow(|(world, calls)| {
        let (action, parameters, name) = &calls[usize::from(choice & 0x7f) % calls.len()];
        let good = parameters.iter().find(|(known, _)| known == name).expect("a sample has the parameter");
        let good = STANDARD.decode(&good.1).unwrap();
        let sent = if choice & 0x80 == 0 { data.to_vec() } else { changed(&good, data) };
        let mut parameters = parameters.clone();
        parameters.retain(|(known, _)| known != name);
        parameters.push(((*name).to_owned(), STANDARD.encode(&sent)));
        let (status, body) = world.send(world.request(&root(), Product::Kms, action, &parameters));
        assert!(status == 200 || (400..500).contains(&status), "{action} {status} {body}");
        // A public key can be changed into another one, and a signature that does not verify is no error.
        if sent != good && *name != "PublicKeyBlob" {
            assert!(status != 200 || body["Value"] == false, "{action} {name} {body}");
            assert!(status == 200 || !text(&body, "Code").is_empty());
        }
    });
}

/// The good bytes, each changed by one of `mask`, and cut or lengthened to what is over.
fn changed(good: &[u8], mask: &[u8]) -> Vec<u8> {
    let mut bytes = good.to_vec();
    for (byte, change) in bytes.iter_mut().zip(mask) {
        *byte ^= change;
    }
    bytes.extend(mask.iter().skip(good.len()));
    bytes
}
