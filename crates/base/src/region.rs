//! The public regions, from the vendor's "Regions and zones" page.

use std::fmt;

/// A region that exists. Made only by [`Region::parse`], so a value is always in the table.
#[derive(Clone, Copy)]
pub struct Region(&'static RegionFacts);

struct RegionFacts {
    id: &'static str,
    name_en: &'static str,
    name_zh: &'static str,
    id_tag: &'static str,
    zones: &'static [&'static str],
}

impl Region {
    /// The region of that id, if there is one.
    pub fn parse(id: &str) -> Option<Self> {
        REGIONS.iter().find(|facts| facts.id == id).map(Self)
    }

    /// All regions, in the order DescribeRegions lists them.
    pub fn all() -> impl Iterator<Item = Self> {
        REGIONS.iter().map(Self)
    }

    /// The id, for example `cn-hangzhou`.
    pub const fn id(self) -> &'static str {
        self.0.id
    }

    /// The English name, for example `China (Hangzhou)`.
    pub const fn name_en(self) -> &'static str {
        self.0.name_en
    }

    /// The Chinese name, which is the vendor's default `LocalName`.
    pub const fn name_zh(self) -> &'static str {
        self.0.name_zh
    }

    /// The three characters that ids of ECS resources in this region begin with.
    pub const fn id_tag(self) -> &'static str {
        self.0.id_tag
    }

    /// The region whose ECS resource ids carry this tag.
    pub fn by_id_tag(tag: &str) -> Option<Self> {
        REGIONS.iter().find(|facts| facts.id_tag == tag).map(Self)
    }

    /// The zone ids, for example `cn-hangzhou-b`.
    pub const fn zones(self) -> &'static [&'static str] {
        self.0.zones
    }

    /// Whether disks can be encrypted here ("Encrypt cloud disks": not in these two), and so whether default encryption is offered.
    pub fn supports_disk_encryption(self) -> bool {
        !matches!(self.0.id, "cn-nanjing" | "ap-northeast-2")
    }

    /// Whether disks can be encrypted with a customer's own key ("Encrypt cloud disks": service key only in these two).
    pub fn supports_customer_keys(self) -> bool {
        self.supports_disk_encryption() && !matches!(self.0.id, "cn-fuzhou" | "ap-southeast-7")
    }

    /// Whether an instance can be made in a zone with an encrypted system disk ("RunInstances": not in these two).
    pub fn zone_supports_encrypted_system_disks(zone_id: &str) -> bool {
        !matches!(zone_id, "cn-hongkong-d" | "ap-southeast-1a")
    }
}

impl PartialEq for Region {
    fn eq(&self, other: &Self) -> bool {
        self.0.id == other.0.id
    }
}

impl Eq for Region {}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.id)
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.id)
    }
}

/// Id tags are the vendor's where they were seen on real ids; the others were made up here, to be unique and of the same shape.
#[rustfmt::skip]
static REGIONS: &[RegionFacts] = &[
    RegionFacts { id: "cn-qingdao", name_en: "China (Qingdao)", name_zh: "华北1（青岛）", id_tag: "m5e", zones: &["cn-qingdao-b", "cn-qingdao-c"] },
    RegionFacts { id: "cn-beijing", name_en: "China (Beijing)", name_zh: "华北2（北京）", id_tag: "2ze", zones: &["cn-beijing-a", "cn-beijing-b", "cn-beijing-c", "cn-beijing-d", "cn-beijing-e", "cn-beijing-f", "cn-beijing-g", "cn-beijing-h", "cn-beijing-i", "cn-beijing-j", "cn-beijing-k", "cn-beijing-l"] },
    RegionFacts { id: "cn-zhangjiakou", name_en: "China (Zhangjiakou)", name_zh: "华北3（张家口）", id_tag: "8vb", zones: &["cn-zhangjiakou-a", "cn-zhangjiakou-b", "cn-zhangjiakou-c"] },
    RegionFacts { id: "cn-huhehaote", name_en: "China (Hohhot)", name_zh: "华北5（呼和浩特）", id_tag: "hp3", zones: &["cn-huhehaote-a", "cn-huhehaote-b"] },
    RegionFacts { id: "cn-wulanchabu", name_en: "China (Ulanqab)", name_zh: "华北6（乌兰察布）", id_tag: "0jl", zones: &["cn-wulanchabu-a", "cn-wulanchabu-b", "cn-wulanchabu-c", "cn-wulanchabu-d"] },
    RegionFacts { id: "cn-hangzhou", name_en: "China (Hangzhou)", name_zh: "华东1（杭州）", id_tag: "bp1", zones: &["cn-hangzhou-b", "cn-hangzhou-e", "cn-hangzhou-f", "cn-hangzhou-g", "cn-hangzhou-h", "cn-hangzhou-i", "cn-hangzhou-j", "cn-hangzhou-k"] },
    RegionFacts { id: "cn-shanghai", name_en: "China (Shanghai)", name_zh: "华东2（上海）", id_tag: "uf6", zones: &["cn-shanghai-a", "cn-shanghai-b", "cn-shanghai-c", "cn-shanghai-d", "cn-shanghai-e", "cn-shanghai-f", "cn-shanghai-g", "cn-shanghai-k", "cn-shanghai-l", "cn-shanghai-m", "cn-shanghai-n", "cn-shanghai-o"] },
    RegionFacts { id: "cn-nanjing", name_en: "China (Nanjing - Local Region)", name_zh: "华东5（南京-本地地域-关停中）", id_tag: "gc7", zones: &["cn-nanjing-a"] },
    RegionFacts { id: "cn-fuzhou", name_en: "China (Fuzhou - Local Region)", name_zh: "华东6（福州-本地地域-关停中）", id_tag: "gc8", zones: &["cn-fuzhou-a"] },
    RegionFacts { id: "cn-wuhan-lr", name_en: "China (Wuhan - Local Region)", name_zh: "华中1（武汉-本地地域）", id_tag: "gw0", zones: &["cn-wuhan-lr-a"] },
    RegionFacts { id: "cn-shenzhen", name_en: "China (Shenzhen)", name_zh: "华南1（深圳）", id_tag: "wz9", zones: &["cn-shenzhen-a", "cn-shenzhen-b", "cn-shenzhen-c", "cn-shenzhen-d", "cn-shenzhen-e", "cn-shenzhen-f"] },
    RegionFacts { id: "cn-heyuan", name_en: "China (Heyuan)", name_zh: "华南2（河源）", id_tag: "f8z", zones: &["cn-heyuan-a", "cn-heyuan-b", "cn-heyuan-c"] },
    RegionFacts { id: "cn-guangzhou", name_en: "China (Guangzhou)", name_zh: "华南3（广州）", id_tag: "7xv", zones: &["cn-guangzhou-a", "cn-guangzhou-b"] },
    RegionFacts { id: "cn-chengdu", name_en: "China (Chengdu)", name_zh: "西南1（成都）", id_tag: "2vc", zones: &["cn-chengdu-a", "cn-chengdu-b", "cn-chengdu-c"] },
    RegionFacts { id: "cn-zhongwei", name_en: "China Northwest 2 (Zhongwei)", name_zh: "西北2（中卫）", id_tag: "l4v", zones: &["cn-zhongwei-a", "cn-zhongwei-b"] },
    RegionFacts { id: "cn-hongkong", name_en: "China (Hong Kong)", name_zh: "中国香港", id_tag: "j6c", zones: &["cn-hongkong-b", "cn-hongkong-c", "cn-hongkong-d"] },
    RegionFacts { id: "ap-southeast-1", name_en: "Singapore", name_zh: "新加坡", id_tag: "t4n", zones: &["ap-southeast-1a", "ap-southeast-1b", "ap-southeast-1c", "ap-southeast-1d"] },
    RegionFacts { id: "ap-southeast-3", name_en: "Malaysia (Kuala Lumpur)", name_zh: "马来西亚（吉隆坡）", id_tag: "8ps", zones: &["ap-southeast-3a", "ap-southeast-3b", "ap-southeast-3c"] },
    RegionFacts { id: "ap-southeast-5", name_en: "Indonesia (Jakarta)", name_zh: "印度尼西亚（雅加达）", id_tag: "k1a", zones: &["ap-southeast-5a", "ap-southeast-5b", "ap-southeast-5c"] },
    RegionFacts { id: "ap-southeast-6", name_en: "Philippines (Manila)", name_zh: "菲律宾（马尼拉）", id_tag: "5ts", zones: &["ap-southeast-6a", "ap-southeast-6b"] },
    RegionFacts { id: "ap-southeast-7", name_en: "Thailand (Bangkok)", name_zh: "泰国（曼谷）", id_tag: "n1z", zones: &["ap-southeast-7a", "ap-southeast-7b"] },
    RegionFacts { id: "ap-southeast-8", name_en: "Malaysia (Johor)", name_zh: "马来西亚（柔佛州）", id_tag: "p0w", zones: &["ap-southeast-8a", "ap-southeast-8b"] },
    RegionFacts { id: "ap-northeast-1", name_en: "Japan (Tokyo)", name_zh: "日本（东京）", id_tag: "6we", zones: &["ap-northeast-1a", "ap-northeast-1b", "ap-northeast-1c", "ap-northeast-1d", "ap-northeast-1e"] },
    RegionFacts { id: "ap-northeast-2", name_en: "South Korea (Seoul)", name_zh: "韩国（首尔）", id_tag: "mj7", zones: &["ap-northeast-2a", "ap-northeast-2b", "ap-northeast-2c"] },
    RegionFacts { id: "us-west-1", name_en: "US (Silicon Valley)", name_zh: "美国（硅谷）", id_tag: "rj9", zones: &["us-west-1a", "us-west-1b"] },
    RegionFacts { id: "us-east-1", name_en: "US (Virginia)", name_zh: "美国（弗吉尼亚）", id_tag: "0xi", zones: &["us-east-1a", "us-east-1b"] },
    RegionFacts { id: "us-southeast-1", name_en: "US (Atlanta)", name_zh: "US (Atlanta)", id_tag: "p1w", zones: &[] },
    RegionFacts { id: "eu-central-1", name_en: "Germany (Frankfurt)", name_zh: "德国（法兰克福）", id_tag: "gw8", zones: &["eu-central-1a", "eu-central-1b", "eu-central-1c"] },
    RegionFacts { id: "eu-west-1", name_en: "UK (London)", name_zh: "英国（伦敦）", id_tag: "d7o", zones: &["eu-west-1a", "eu-west-1b"] },
    RegionFacts { id: "eu-west-2", name_en: "France (Paris)", name_zh: "法国（巴黎）", id_tag: "t0s", zones: &["eu-west-2a", "eu-west-2b"] },
    RegionFacts { id: "me-east-1", name_en: "UAE (Dubai)", name_zh: "阿联酋（迪拜）", id_tag: "eb3", zones: &["me-east-1a", "me-east-1b"] },
    RegionFacts { id: "me-central-1", name_en: "SAU (Riyadh - Partner Region)", name_zh: "沙特（利雅得）- 合作伙伴运营", id_tag: "l4w", zones: &["me-central-1a", "me-central-1b"] },
    RegionFacts { id: "na-south-1", name_en: "Mexico", name_zh: "墨西哥", id_tag: "r0n", zones: &["na-south-1a", "na-south-1b"] },
    RegionFacts { id: "sa-east-1", name_en: "Brazil (São Paulo)", name_zh: "巴西（圣保罗）", id_tag: "z5c", zones: &["sa-east-1a", "sa-east-1b"] },
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn region_ids_and_tags_are_unique() {
        let ids: HashSet<_> = REGIONS.iter().map(|r| r.id).collect();
        let tags: HashSet<_> = REGIONS.iter().map(|r| r.id_tag).collect();
        assert_eq!((ids.len(), tags.len()), (REGIONS.len(), REGIONS.len()));
        assert!(REGIONS.iter().all(|r| r.id_tag.len() == 3));
    }

    #[test]
    fn an_unknown_region_does_not_parse() {
        assert!(Region::parse("cn-atlantis").is_none());
        assert!(Region::parse("").is_none());
        assert!(Region::parse("CN-HANGZHOU").is_none());
    }

    #[test]
    fn zones_begin_with_their_region() {
        for region in Region::all() {
            assert!(region.zones().iter().all(|zone| zone.starts_with(region.id())));
        }
    }
}
