package coffer;

/** The vendor's products, and where the SDKs keep what is for each. */
enum Product {
    ECS("ecs", "2014-05-26"),
    KMS("kms", "2016-01-20"),
    RAM("ram", "2015-05-01"),
    STS("sts", "2015-04-01");

    final String version;
    /** The V2 SDK's package. */
    final String v2;
    /** The package of the older SDK's requests. */
    final String older;

    Product(String name, String version) {
        String digits = version.replace("-", "");
        this.version = version;
        this.v2 = "com.aliyun.%s%s".formatted(name, digits);
        this.older = "com.aliyuncs.%s.model.v%s".formatted(name, digits);
    }
}
