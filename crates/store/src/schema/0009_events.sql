-- What happened, for whoever follows it: written in the transaction of what it tells, forgotten after a while. number: counts the
-- events of an account. region, resource: empty where there is none. detail: names and values as JSON.
CREATE TABLE events (
    event_id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    region TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    principal TEXT NOT NULL,
    request_id TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE UNIQUE INDEX events_by_account ON events (account_id, number);
