BEGIN TRANSACTION;
CREATE TABLE about (
	"key" VARCHAR(40) NOT NULL, 
	value TEXT NOT NULL, 
	CONSTRAINT pk_about PRIMARY KEY ("key")
);
INSERT INTO "about" VALUES('registry','0123456789abcdef0123456789abcdef');
INSERT INTO "about" VALUES('created_at','2026-03-01T08:00:00.000000Z');
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE attachment (
	sha256 VARCHAR(71) NOT NULL, 
	size BIGINT NOT NULL, 
	media_type VARCHAR(100) NOT NULL, 
	at VARCHAR(27) NOT NULL, 
	"by" VARCHAR(100) NOT NULL, 
	CONSTRAINT pk_attachment PRIMARY KEY (sha256)
);
CREATE TABLE audit (
	seq INTEGER NOT NULL, 
	at VARCHAR(27) NOT NULL, 
	actor VARCHAR(100) NOT NULL, 
	action VARCHAR(60) NOT NULL, 
	subject VARCHAR(200) NOT NULL, 
	detail TEXT NOT NULL, 
	previous VARCHAR(64) NOT NULL, 
	hash VARCHAR(64) NOT NULL, 
	CONSTRAINT pk_audit PRIMARY KEY (seq), 
	CONSTRAINT uq_audit_hash UNIQUE (hash)
);
INSERT INTO "audit" VALUES(1,'2026-03-01T08:00:00.000000Z','测试','project.add','project:1','{"seq":1}','3eb1bd439947eb762998e566ccc2e099c791118b2f40579cc4f7da2b5061b7f9','7e9940729d836faf06941faed1a9a49784d793a746d00a9a74d5dc1420dd496a');
INSERT INTO "audit" VALUES(2,'2026-03-01T08:00:00.000000Z','测试','project.add','project:2','{"seq":2}','7e9940729d836faf06941faed1a9a49784d793a746d00a9a74d5dc1420dd496a','7c635836026813cf69cfc45e0f9655643c42ebff05216eba7ff7f376b9ee73f7');
INSERT INTO "audit" VALUES(3,'2026-03-01T08:00:00.000000Z','测试','project.add','project:3','{"seq":3}','7c635836026813cf69cfc45e0f9655643c42ebff05216eba7ff7f376b9ee73f7','dd2f9bdedc3a817980035b1b4271d3b1336d49591207e48cf8c4faf24e8c1199');
INSERT INTO "audit" VALUES(4,'2026-03-01T08:00:00.000000Z','测试','screening.add','screening:1','{"seq":4}','dd2f9bdedc3a817980035b1b4271d3b1336d49591207e48cf8c4faf24e8c1199','feb8bd8776bc0ae48fae35ae6e5659671b749a786aff72eaf86c307157c24db5');
INSERT INTO "audit" VALUES(5,'2026-03-01T08:00:00.000000Z','测试','decision.add','decision:1','{"seq":5}','feb8bd8776bc0ae48fae35ae6e5659671b749a786aff72eaf86c307157c24db5','3bf23802a49df8e8d88294ba0b732f5739eae191ce5f654349eeaab214922679');
CREATE TABLE decision (
	id INTEGER NOT NULL, 
	project INTEGER NOT NULL, 
	screening INTEGER NOT NULL, 
	clause VARCHAR(200) NOT NULL, 
	place VARCHAR(200) NOT NULL, 
	outcome INTEGER NOT NULL, 
	machine_outcome INTEGER NOT NULL, 
	reason TEXT NOT NULL, 
	withdraws INTEGER, 
	at VARCHAR(27) NOT NULL, 
	"by" VARCHAR(100) NOT NULL, 
	CONSTRAINT pk_decision PRIMARY KEY (id), 
	CONSTRAINT fk_decision_project FOREIGN KEY(project) REFERENCES project (id), 
	CONSTRAINT fk_decision_screening FOREIGN KEY(screening) REFERENCES screening (id), 
	CONSTRAINT fk_decision_withdraws FOREIGN KEY(withdraws) REFERENCES decision (id)
);
INSERT INTO "decision" VALUES(1,1,1,'','',2,5,'示例理由',NULL,'2026-03-01T08:00:00.000000Z','测试');
CREATE TABLE edition (
	digest VARCHAR(71) NOT NULL, 
	id VARCHAR(200) NOT NULL, 
	title VARCHAR(400) NOT NULL, 
	region VARCHAR(12) NOT NULL, 
	valid_from DATE NOT NULL, 
	valid_to DATE, 
	published DATE, 
	publisher VARCHAR(400) NOT NULL, 
	supersedes VARCHAR(400) NOT NULL, 
	synthetic BOOLEAN NOT NULL, 
	file VARCHAR(400) NOT NULL, 
	added_at VARCHAR(27) NOT NULL, 
	added_by VARCHAR(100) NOT NULL, 
	withdrawn_at VARCHAR(27), 
	CONSTRAINT pk_edition PRIMARY KEY (digest)
);
CREATE TABLE idempotency (
	person INTEGER NOT NULL, 
	"key" VARCHAR(200) NOT NULL, 
	request VARCHAR(71) NOT NULL, 
	status INTEGER NOT NULL, 
	headers TEXT NOT NULL, 
	body BLOB NOT NULL, 
	at VARCHAR(27) NOT NULL, 
	CONSTRAINT pk_idempotency PRIMARY KEY (person, "key")
);
CREATE TABLE intake (
	id INTEGER NOT NULL, 
	file VARCHAR(400) NOT NULL, 
	sha256 VARCHAR(71) NOT NULL, 
	mapping TEXT NOT NULL, 
	state VARCHAR(20) NOT NULL, 
	rows INTEGER NOT NULL, 
	at VARCHAR(27) NOT NULL, 
	"by" VARCHAR(100) NOT NULL, 
	CONSTRAINT pk_intake PRIMARY KEY (id)
);
CREATE TABLE intake_row (
	intake INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	state VARCHAR(20) NOT NULL, 
	project INTEGER, 
	cells TEXT NOT NULL, 
	notes TEXT NOT NULL, 
	CONSTRAINT pk_intake_row PRIMARY KEY (intake, number), 
	CONSTRAINT fk_intake_row_intake FOREIGN KEY(intake) REFERENCES intake (id), 
	CONSTRAINT fk_intake_row_project FOREIGN KEY(project) REFERENCES project (id)
);
CREATE TABLE job (
	id VARCHAR(32) NOT NULL, 
	kind VARCHAR(40) NOT NULL, 
	state VARCHAR(20) NOT NULL, 
	ask TEXT NOT NULL, 
	done INTEGER NOT NULL, 
	total INTEGER, 
	result TEXT NOT NULL, 
	error TEXT NOT NULL, 
	cancel BOOLEAN NOT NULL, 
	person INTEGER, 
	created_at VARCHAR(27) NOT NULL, 
	started_at VARCHAR(27), 
	seen_at VARCHAR(27), 
	finished_at VARCHAR(27), 
	CONSTRAINT pk_job PRIMARY KEY (id), 
	CONSTRAINT fk_job_person FOREIGN KEY(person) REFERENCES person (id)
);
CREATE TABLE job_row (
	job VARCHAR(32) NOT NULL, 
	number INTEGER NOT NULL, 
	body BLOB NOT NULL, 
	CONSTRAINT pk_job_row PRIMARY KEY (job, number), 
	CONSTRAINT fk_job_row_job FOREIGN KEY(job) REFERENCES job (id)
);
CREATE TABLE person (
	id INTEGER NOT NULL, 
	name VARCHAR(100) NOT NULL, 
	title VARCHAR(200) NOT NULL, 
	email VARCHAR(200) NOT NULL, 
	password TEXT NOT NULL, 
	role VARCHAR(20) NOT NULL, 
	region VARCHAR(12) NOT NULL, 
	active BOOLEAN NOT NULL, 
	must_change BOOLEAN NOT NULL, 
	issuer VARCHAR(400) NOT NULL, 
	subject VARCHAR(200) NOT NULL, 
	created_at VARCHAR(27) NOT NULL, 
	created_by VARCHAR(100) NOT NULL, 
	version INTEGER NOT NULL, 
	CONSTRAINT pk_person PRIMARY KEY (id), 
	CONSTRAINT uq_person_name UNIQUE (name)
);
INSERT INTO "person" VALUES(1,'shili','示例人员','','','consultant','',1,0,'','','2026-03-01T08:00:00.000000Z','测试',1);
CREATE TABLE project (
	id INTEGER NOT NULL, 
	version INTEGER NOT NULL, 
	code VARCHAR(100) NOT NULL, 
	name VARCHAR(400) NOT NULL, 
	proponent VARCHAR(400) NOT NULL, 
	nature VARCHAR(40) NOT NULL, 
	industry VARCHAR(8) NOT NULL, 
	eia_class VARCHAR(20) NOT NULL, 
	authority VARCHAR(200) NOT NULL, 
	authority_level VARCHAR(20) NOT NULL, 
	region VARCHAR(12) NOT NULL, 
	accepted_on DATE, 
	decided_on DATE, 
	status VARCHAR(20) NOT NULL, 
	west FLOAT, 
	south FLOAT, 
	east FLOAT, 
	north FLOAT, 
	analysis VARCHAR(20) NOT NULL, 
	screening INTEGER, 
	verdict INTEGER, 
	owner INTEGER, 
	source VARCHAR(200) NOT NULL, 
	created_at VARCHAR(27) NOT NULL, 
	created_by VARCHAR(100) NOT NULL, 
	updated_at VARCHAR(27) NOT NULL, 
	CONSTRAINT pk_project PRIMARY KEY (id), 
	CONSTRAINT fk_project_owner FOREIGN KEY(owner) REFERENCES person (id)
);
INSERT INTO "project" VALUES(1,1,'2602-630102-04-01-000001','示例化工项目','示例公司','新建','2614','form','示例市生态环境局','city','630102','2026-02-01',NULL,'accepted',101.05,36.05,101.052,36.052,'analysed',1,5,NULL,'cli','2026-03-01T08:00:00.000000Z','测试','2026-03-01T08:00:00.000000Z');
INSERT INTO "project" VALUES(2,1,'2602-630102-04-01-000002','示例（青海）锂盐','示例公司','新建','2614','form','示例市生态环境局','city','630102','2026-02-03',NULL,'accepted',101.05,36.05,101.052,36.052,'none',NULL,NULL,1,'cli','2026-03-01T08:00:00.000000Z','测试','2026-03-01T08:00:00.000000Z');
INSERT INTO "project" VALUES(3,1,'2602-630102-04-01-000003','无日期项目','示例公司','新建','2614','form','示例市生态环境局','city','630102',NULL,NULL,'accepted',NULL,NULL,NULL,NULL,'unplaced',NULL,NULL,NULL,'cli','2026-03-01T08:00:00.000000Z','测试','2026-03-01T08:00:00.000000Z');
CREATE TABLE project_attachment (
	project INTEGER NOT NULL, 
	sha256 VARCHAR(71) NOT NULL, 
	name VARCHAR(400) NOT NULL, 
	purpose VARCHAR(40) NOT NULL, 
	at VARCHAR(27) NOT NULL, 
	"by" VARCHAR(100) NOT NULL, 
	CONSTRAINT pk_project_attachment PRIMARY KEY (project, sha256, name), 
	CONSTRAINT fk_project_attachment_project FOREIGN KEY(project) REFERENCES project (id), 
	CONSTRAINT fk_project_attachment_sha256 FOREIGN KEY(sha256) REFERENCES attachment (sha256)
);
CREATE TABLE project_fact (
	project INTEGER NOT NULL, 
	"key" VARCHAR(100) NOT NULL, 
	value TEXT NOT NULL, 
	CONSTRAINT pk_project_fact PRIMARY KEY (project, "key"), 
	CONSTRAINT fk_project_fact_project FOREIGN KEY(project) REFERENCES project (id)
);
INSERT INTO "project_fact" VALUES(1,'boiler_tph','20.0');
INSERT INTO "project_fact" VALUES(2,'boiler_tph','20.0');
INSERT INTO "project_fact" VALUES(3,'boiler_tph','20.0');
CREATE TABLE project_part (
	project INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	role VARCHAR(100) NOT NULL, 
	name VARCHAR(400) NOT NULL, 
	geometry BLOB NOT NULL, 
	area_m2 FLOAT NOT NULL, 
	length_m FLOAT NOT NULL, 
	west FLOAT NOT NULL, 
	south FLOAT NOT NULL, 
	east FLOAT NOT NULL, 
	north FLOAT NOT NULL, 
	CONSTRAINT pk_project_part PRIMARY KEY (project, number), 
	CONSTRAINT fk_project_part_project FOREIGN KEY(project) REFERENCES project (id)
);
INSERT INTO "project_part" VALUES(1,1,'厂区','',X'0103000000010000000500000017D9CEF753435940666666666606424017D9CEF7534359402DB29DEFA706424033333333334359402DB29DEFA70642403333333333435940666666666606424017D9CEF7534359406666666666064240',40000.0,0.0,101.05,36.05,101.052,36.052);
INSERT INTO "project_part" VALUES(2,1,'厂区','',X'0103000000010000000500000017D9CEF753435940666666666606424017D9CEF7534359402DB29DEFA706424033333333334359402DB29DEFA70642403333333333435940666666666606424017D9CEF7534359406666666666064240',40000.0,0.0,101.05,36.05,101.052,36.052);
CREATE TABLE project_version (
	project INTEGER NOT NULL, 
	version INTEGER NOT NULL, 
	document TEXT NOT NULL, 
	sha256 VARCHAR(71) NOT NULL, 
	at VARCHAR(27) NOT NULL, 
	"by" VARCHAR(100) NOT NULL, 
	reason TEXT NOT NULL, 
	CONSTRAINT pk_project_version PRIMARY KEY (project, version), 
	CONSTRAINT fk_project_version_project FOREIGN KEY(project) REFERENCES project (id)
);
INSERT INTO "project_version" VALUES(1,1,'{"facts":{"boiler_tph":20},"industry":"C2614","name":"示例化工项目","nature":"新建","parts":[{"crs":"EPSG:4490","geojson":{"coordinates":[[[101.05199999999999,36.05],[101.05199999999999,36.052],[101.05,36.052],[101.05,36.05],[101.05199999999999,36.05]]],"type":"Polygon"},"role":"厂区"}],"proponent":"示例公司"}','sha256:5278d83d86881d6b9b3899c936792dc0d6bf24243052621d77b6836966c79d4e','2026-03-01T08:00:00.000000Z','测试','');
INSERT INTO "project_version" VALUES(2,1,'{"facts":{"boiler_tph":20},"industry":"C2614","name":"示例（青海）锂盐","nature":"新建","parts":[{"crs":"EPSG:4490","geojson":{"coordinates":[[[101.05199999999999,36.05],[101.05199999999999,36.052],[101.05,36.052],[101.05,36.05],[101.05199999999999,36.05]]],"type":"Polygon"},"role":"厂区"}],"proponent":"示例公司"}','sha256:49b57cc46daf035a0d6b1ac6f1450091abd7b9235841633e34b63f630adb886e','2026-03-01T08:00:00.000000Z','测试','');
INSERT INTO "project_version" VALUES(3,1,'{"facts":{"boiler_tph":20},"industry":"C2614","name":"无日期项目","nature":"新建","proponent":"示例公司"}','sha256:b0d5d452fe20a2fd49b18a0894b27e8a11e037dce301e8d9ff7c66cb9f6b685e','2026-03-01T08:00:00.000000Z','测试','');
CREATE TABLE recheck (
	id INTEGER NOT NULL, 
	old VARCHAR(71) NOT NULL, 
	new VARCHAR(71) NOT NULL, 
	as_of_old DATE NOT NULL, 
	as_of DATE NOT NULL, 
	state VARCHAR(20) NOT NULL, 
	projects INTEGER NOT NULL, 
	reached INTEGER NOT NULL, 
	changed INTEGER NOT NULL, 
	"after" INTEGER NOT NULL, 
	at VARCHAR(27) NOT NULL, 
	"by" VARCHAR(100) NOT NULL, 
	CONSTRAINT pk_recheck PRIMARY KEY (id)
);
CREATE TABLE recheck_change (
	recheck INTEGER NOT NULL, 
	project INTEGER NOT NULL, 
	grade VARCHAR(20) NOT NULL, 
	old_verdict INTEGER, 
	new_verdict INTEGER, 
	change TEXT NOT NULL, 
	seen_at VARCHAR(27), 
	seen_by VARCHAR(100) NOT NULL, 
	CONSTRAINT pk_recheck_change PRIMARY KEY (recheck, project), 
	CONSTRAINT fk_recheck_change_project FOREIGN KEY(project) REFERENCES project (id), 
	CONSTRAINT fk_recheck_change_recheck FOREIGN KEY(recheck) REFERENCES recheck (id)
);
CREATE TABLE screening (
	id INTEGER NOT NULL, 
	project INTEGER NOT NULL, 
	version INTEGER NOT NULL, 
	edition VARCHAR(71) NOT NULL, 
	as_of DATE NOT NULL, 
	engine VARCHAR(40) NOT NULL, 
	count_drafts BOOLEAN NOT NULL, 
	verdict INTEGER, 
	error VARCHAR(100) NOT NULL, 
	counts TEXT NOT NULL, 
	record_sha256 VARCHAR(71) NOT NULL, 
	record BLOB, 
	cause VARCHAR(20) NOT NULL, 
	at VARCHAR(27) NOT NULL, 
	"by" VARCHAR(100) NOT NULL, 
	CONSTRAINT pk_screening PRIMARY KEY (id), 
	CONSTRAINT fk_screening_project FOREIGN KEY(project) REFERENCES project (id)
);
INSERT INTO "screening" VALUES(1,1,1,'sha256:abababababababababababababababababababababababababababababababab','2026-02-01','0.1.0',0,5,'','{}','sha256:c47c3a33451a7bb0623d09f6e24c59f4ccf33de485a8d91361edd0cda2e20219',X'789CAB564ACBCC4BC9CC4B2F56B28A8ED551CA4D4C4955B2524ACB2F52485428492D2E51AA0500D4D50BAE','first','2026-03-01T08:00:00.000000Z','测试');
CREATE TABLE session (
	secret VARCHAR(71) NOT NULL, 
	person INTEGER NOT NULL, 
	csrf VARCHAR(64) NOT NULL, 
	created_at VARCHAR(27) NOT NULL, 
	seen_at VARCHAR(27) NOT NULL, 
	expires_at VARCHAR(27) NOT NULL, 
	address VARCHAR(64) NOT NULL, 
	agent VARCHAR(200) NOT NULL, 
	CONSTRAINT pk_session PRIMARY KEY (secret), 
	CONSTRAINT fk_session_person FOREIGN KEY(person) REFERENCES person (id)
);
CREATE TABLE share (
	secret VARCHAR(71) NOT NULL, 
	screening INTEGER NOT NULL, 
	created_at VARCHAR(27) NOT NULL, 
	expires_at VARCHAR(27), 
	"by" VARCHAR(100) NOT NULL, 
	CONSTRAINT pk_share PRIMARY KEY (secret), 
	CONSTRAINT fk_share_screening FOREIGN KEY(screening) REFERENCES screening (id)
);
CREATE TABLE tally (
	month VARCHAR(7) NOT NULL, 
	region VARCHAR(12) NOT NULL, 
	authority VARCHAR(200) NOT NULL, 
	eia_class VARCHAR(20) NOT NULL, 
	industry VARCHAR(2) NOT NULL, 
	status VARCHAR(20) NOT NULL, 
	analysis VARCHAR(20) NOT NULL, 
	verdict INTEGER NOT NULL, 
	projects INTEGER NOT NULL, 
	CONSTRAINT pk_tally PRIMARY KEY (month, region, authority, eia_class, industry, status, analysis, verdict)
);
INSERT INTO "tally" VALUES('2026-02','630102','示例市生态环境局','form','26','accepted','analysed',5,1);
INSERT INTO "tally" VALUES('2026-02','630102','示例市生态环境局','form','26','accepted','none',-1,1);
INSERT INTO "tally" VALUES('','630102','示例市生态环境局','form','26','accepted','unplaced',-1,1);
CREATE TABLE token (
	id INTEGER NOT NULL, 
	person INTEGER NOT NULL, 
	name VARCHAR(100) NOT NULL, 
	secret VARCHAR(71) NOT NULL, 
	scopes TEXT NOT NULL, 
	created_at VARCHAR(27) NOT NULL, 
	expires_at VARCHAR(27), 
	used_at VARCHAR(27), 
	revoked_at VARCHAR(27), 
	CONSTRAINT pk_token PRIMARY KEY (id), 
	CONSTRAINT fk_token_person FOREIGN KEY(person) REFERENCES person (id), 
	CONSTRAINT uq_token_secret UNIQUE (secret)
);
CREATE INDEX ix_audit_subject ON audit (subject, seq);
CREATE INDEX ix_idempotency_at ON idempotency (at);
CREATE INDEX ix_job_person ON job (person);
CREATE INDEX ix_job_state ON job (state);
CREATE INDEX ix_project_accepted ON project (accepted_on, id);
CREATE INDEX ix_project_analysis_accepted ON project (analysis, accepted_on, id);
CREATE INDEX ix_project_authority_accepted ON project (authority, accepted_on, id);
CREATE INDEX ix_project_code ON project (code);
CREATE INDEX ix_project_industry_accepted ON project (industry, accepted_on, id);
CREATE INDEX ix_project_name ON project (name);
CREATE INDEX ix_project_owner ON project (owner);
CREATE INDEX ix_project_region_accepted ON project (region, accepted_on, id);
CREATE INDEX ix_project_verdict_accepted ON project (verdict, accepted_on, id);
CREATE INDEX ix_session_expires_at ON session (expires_at);
CREATE INDEX ix_session_person ON session (person);
CREATE INDEX ix_token_person ON token (person);
CREATE INDEX ix_intake_row_project ON intake_row (project);
CREATE INDEX ix_project_fact_key ON project_fact ("key", project);
CREATE INDEX ix_recheck_change_grade ON recheck_change (recheck, grade, project);
CREATE INDEX ix_screening_edition ON screening (edition, project);
CREATE INDEX ix_screening_project ON screening (project, id);
CREATE INDEX ix_decision_project ON decision (project, id);
CREATE INDEX ix_share_screening ON share (screening);
CREATE TRIGGER "project_version_no_update" BEFORE UPDATE ON "project_version" BEGIN SELECT RAISE(ABORT, 'append-only: project_version'); END;
CREATE TRIGGER "project_version_no_delete" BEFORE DELETE ON "project_version" BEGIN SELECT RAISE(ABORT, 'append-only: project_version'); END;
CREATE TRIGGER "project_version_no_replace" BEFORE INSERT ON "project_version" WHEN EXISTS (SELECT 1 FROM "project_version" WHERE "project" = NEW."project" AND "version" = NEW."version") BEGIN SELECT RAISE(ABORT, 'append-only: project_version'); END;
CREATE TRIGGER "screening_no_update" BEFORE UPDATE ON "screening" BEGIN SELECT RAISE(ABORT, 'append-only: screening'); END;
CREATE TRIGGER "screening_no_delete" BEFORE DELETE ON "screening" BEGIN SELECT RAISE(ABORT, 'append-only: screening'); END;
CREATE TRIGGER "screening_no_replace" BEFORE INSERT ON "screening" WHEN EXISTS (SELECT 1 FROM "screening" WHERE "id" = NEW."id") BEGIN SELECT RAISE(ABORT, 'append-only: screening'); END;
CREATE TRIGGER "decision_no_update" BEFORE UPDATE ON "decision" BEGIN SELECT RAISE(ABORT, 'append-only: decision'); END;
CREATE TRIGGER "decision_no_delete" BEFORE DELETE ON "decision" BEGIN SELECT RAISE(ABORT, 'append-only: decision'); END;
CREATE TRIGGER "decision_no_replace" BEFORE INSERT ON "decision" WHEN EXISTS (SELECT 1 FROM "decision" WHERE "id" = NEW."id") BEGIN SELECT RAISE(ABORT, 'append-only: decision'); END;
CREATE TRIGGER "audit_no_update" BEFORE UPDATE ON "audit" BEGIN SELECT RAISE(ABORT, 'append-only: audit'); END;
CREATE TRIGGER "audit_no_delete" BEFORE DELETE ON "audit" BEGIN SELECT RAISE(ABORT, 'append-only: audit'); END;
CREATE TRIGGER "audit_no_replace" BEFORE INSERT ON "audit" WHEN EXISTS (SELECT 1 FROM "audit" WHERE "seq" = NEW."seq") BEGIN SELECT RAISE(ABORT, 'append-only: audit'); END;
COMMIT;
