-- An on-call database as version 2 made it, with a home, an incident, a decision and an answer.
CREATE TABLE homes (
    home TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    head TEXT NOT NULL,
    clock TEXT NOT NULL,
    robot TEXT NOT NULL,
    plan_version INTEGER NOT NULL,
    next_window TEXT,
    window_open BOOLEAN NOT NULL,
    incidents INTEGER NOT NULL,
    digest TEXT NOT NULL,
    first_seen TEXT NOT NULL,
    heard TEXT,
    alive_since TEXT,
    offline_since TEXT,
    PRIMARY KEY (home)
);
CREATE TABLE positions (
    number INTEGER NOT NULL,
    home TEXT NOT NULL,
    run TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    head TEXT NOT NULL,
    PRIMARY KEY (number)
);
CREATE UNIQUE INDEX positions_by_run ON positions (home, run);
CREATE TABLE incidents (
    home TEXT NOT NULL,
    incident TEXT NOT NULL,
    event_id TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    subject TEXT NOT NULL,
    dose TEXT NOT NULL,
    kind TEXT NOT NULL,
    priority TEXT NOT NULL,
    state TEXT NOT NULL,
    raised TEXT NOT NULL,
    deadline TEXT NOT NULL,
    owner TEXT NOT NULL,
    holds_token BOOLEAN NOT NULL,
    resolution TEXT NOT NULL,
    cleared BOOLEAN NOT NULL,
    undelivered BOOLEAN NOT NULL,
    receipted BOOLEAN NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (home, incident)
);
CREATE INDEX incidents_by_id ON incidents (incident);
CREATE TABLE answers (
    home TEXT NOT NULL,
    event_id TEXT NOT NULL,
    command_id TEXT NOT NULL,
    received TEXT NOT NULL,
    PRIMARY KEY (home, event_id)
);
CREATE TABLE revisions (
    home TEXT NOT NULL,
    event_id TEXT NOT NULL,
    incident TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    kind TEXT NOT NULL,
    priority TEXT NOT NULL,
    state TEXT NOT NULL,
    at TEXT NOT NULL,
    received TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (home, event_id, incident),
    FOREIGN KEY(home, incident) REFERENCES incidents (home, incident)
);
CREATE INDEX revisions_by_incident ON revisions (home, incident);
CREATE TABLE decisions (
    number INTEGER NOT NULL,
    decision_id TEXT NOT NULL,
    home TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    incident TEXT NOT NULL,
    revision INTEGER NOT NULL,
    action TEXT NOT NULL,
    "by" TEXT NOT NULL,
    verdict TEXT NOT NULL,
    body TEXT NOT NULL,
    issued TEXT NOT NULL,
    expires TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (number),
    FOREIGN KEY(home, incident) REFERENCES incidents (home, incident),
    UNIQUE (decision_id)
);
CREATE INDEX decisions_by_incident ON decisions (home, incident);
CREATE INDEX decisions_by_state ON decisions (state);
INSERT INTO homes VALUES ('box-7', 3, 'aa', 'trusted', 'ready', 1, NULL, 0, 1, 'bb', '2026-11-02T11:00:00.000Z',
    '2026-11-02T12:00:00.000Z', '2026-11-02T11:00:00.000Z', NULL);
INSERT INTO positions (home, run, epoch, sequence, head) VALUES ('box-7', 'r', 3, 1, 'aa');
INSERT INTO incidents VALUES ('box-7', 'abababab', '3-1', 3, 1, 'dose', '', 'dose_missed', 'medium', 'raised',
    '2026-11-02T12:00:00.000Z', '2026-11-02T12:30:00.000Z', '', 0, '', 0, 0, 1, '');
INSERT INTO revisions VALUES ('box-7', '3-1', 'abababab', 3, 1, 'dose_missed', 'medium', 'raised',
    '2026-11-02T12:00:00.000Z', '2026-11-02T12:00:01.000Z', '');
INSERT INTO answers VALUES ('box-7', '3-2', 'c', '2026-11-02T12:00:00.000Z');
PRAGMA user_version = 2;
