package coffer;

/** The official clients; each connects to a server with an access key. */
enum Kind {
    V2_SDKS {
        @Override
        Cloud connect(Server server, Key key) throws Exception {
            return new V2(() -> V2.configuration(server, key));
        }
    },
    V2_SDKS_OVER_HTTPS {
        @Override
        Cloud connect(Server server, Key key) throws Exception {
            String authority = server.authority();
            return new V2(() -> V2.configuration(server, key).setProtocol("HTTPS").setCa(authority));
        }
    },
    V2_SDKS_SIGNING_WITH_V1 {
        @Override
        Cloud connect(Server server, Key key) throws Exception {
            return new V2(() -> V2.configuration(server, key).setSignatureAlgorithm("v2"));
        }
    },
    OLDER_SDKS {
        @Override
        Cloud connect(Server server, Key key) throws Exception {
            return Older.plain(server, key);
        }
    },
    OLDER_SDKS_OVER_HTTPS {
        @Override
        Cloud connect(Server server, Key key) throws Exception {
            return Older.overHttps(server, key, server.trust());
        }
    };

    abstract Cloud connect(Server server, Key key) throws Exception;

    final Cloud connect(Server server) throws Exception {
        return connect(server, Key.ROOT);
    }
}
