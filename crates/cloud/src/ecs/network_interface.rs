//! The one network interface that every instance has. It is nothing of its own: its id and its hardware address follow from the
//! instance's id, all else is the instance's.

use coffer_crypto::digest;
use coffer_store::instances::Instance;

use crate::value::response;

/// The id of an instance's interface: `eni-` and the instance's own part of its id.
pub fn id_of(instance_id: &str) -> String {
    format!("eni-{}", instance_id.strip_prefix("i-").unwrap_or(instance_id))
}

/// The instance whose interface has this id, whether or not there is one.
pub fn instance_of(network_interface_id: &str) -> Option<String> {
    network_interface_id.strip_prefix("eni-").map(|rest| format!("i-{rest}"))
}

/// The hardware address of an instance's interface, under the prefix that the vendor's have.
pub fn mac_address(instance_id: &str) -> String {
    let digest = digest::sha256(["coffer/mac/1", instance_id].join("/").as_bytes());
    let [first, second, third, ..] = digest;
    format!("00:16:3e:{first:02x}:{second:02x}:{third:02x}")
}

response! {
    /// A network interface, as DescribeInstances shows it.
    pub struct Interface {
        /// Its hardware address.
        pub mac_address: String = "MacAddress",
        /// Its id.
        pub network_interface_id: String = "NetworkInterfaceId",
        /// Its address.
        pub primary_ip_address: String = "PrimaryIpAddress",
        /// All its private addresses.
        pub private_ips: Vec<PrivateIp> = "PrivateIpSets" of "PrivateIpSet",
        /// `Primary`: the one that an instance can't be without.
        pub interface_type: &'static str = "Type",
    }

    /// A private address of an interface.
    pub struct PrivateIp {
        /// Whether it is the first.
        pub primary: bool = "Primary",
        /// The address.
        pub private_ip_address: String = "PrivateIpAddress",
    }
}

/// The interface of an instance.
pub fn of(instance: &Instance) -> Interface {
    Interface {
        mac_address: mac_address(&instance.instance_id),
        network_interface_id: id_of(&instance.instance_id),
        primary_ip_address: instance.private_ip.clone(),
        private_ips: private_ips(instance),
        interface_type: PRIMARY,
    }
}

/// The private addresses of an instance's interface: its one.
pub fn private_ips(instance: &Instance) -> Vec<PrivateIp> {
    vec![PrivateIp { primary: true, private_ip_address: instance.private_ip.clone() }]
}

/// The type of every interface here.
pub const PRIMARY: &str = "Primary";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_and_its_instance_name_each_other() {
        let instance_id = "i-bp1aaaaaaaaaaaaaaaaa";
        assert_eq!(id_of(instance_id), "eni-bp1aaaaaaaaaaaaaaaaa");
        assert_eq!(instance_of(&id_of(instance_id)).as_deref(), Some(instance_id));
        assert_eq!(instance_of(instance_id), None);
        assert_ne!(mac_address(instance_id), mac_address("i-bp1aaaaaaaaaaaaaaaab"));
    }
}
