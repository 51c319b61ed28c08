PRAGMA user_version=1;
BEGIN TRANSACTION;
CREATE TABLE changes (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            notebook TEXT NOT NULL,
            state TEXT NOT NULL,
            at REAL NOT NULL,
            size INTEGER NOT NULL,
            told INTEGER NOT NULL DEFAULT 0,
            data TEXT NOT NULL
        );
INSERT INTO "changes" VALUES(1,'key','saved',1.0,2,0,'{}');
CREATE TABLE runs (
            execution_id TEXT PRIMARY KEY,
            keeper TEXT NOT NULL,
            began REAL NOT NULL,
            data TEXT NOT NULL
        );
INSERT INTO "runs" VALUES('x','',1.5,'{"v":1,"execution_id":"x","owner":"alice","session_id":"s1","notebook":{"key":"key","path":"\u00e9.ipynb"},"cell_id":null,"kernel_id":"k","channel":"c","message_id":"m","began":1.5,"timeout":2.5,"displays":{"d":[0,3],"\u00e9":[]},"settled":true}');
CREATE TABLE sessions (
            owner TEXT NOT NULL,
            session_id TEXT NOT NULL,
            last_accessed REAL NOT NULL,
            data TEXT NOT NULL,
            PRIMARY KEY (owner, session_id)
        );
INSERT INTO "sessions" VALUES('alice','s1',100.5,'{"v":1,"created":50.25,"connection":"mcp:5d0c","current":"3f1c2a9e-0000-4000-8000-000000000001","notebooks":[{"key":"3f1c2a9e-0000-4000-8000-000000000000","path":"sub/nb 0.ipynb","name":"nb 0","kernel_id":"8a2e6c1d-0000-4000-8000-000000000000","kernel_name":"python3","generation":0,"counted_by":null,"started_kernel":true},{"key":"3f1c2a9e-0000-4000-8000-000000000001","path":"sub/nb 1.ipynb","name":"nb 1","kernel_id":"8a2e6c1d-0000-4000-8000-000000000001","kernel_name":"python3","generation":1,"counted_by":null,"started_kernel":true},{"key":"3f1c2a9e-0000-4000-8000-000000000002","path":"sub/nb 2.ipynb","name":"nb 2","kernel_id":null,"kernel_name":null,"generation":null,"counted_by":null,"started_kernel":false}]}');
INSERT INTO "sessions" VALUES('bob','s2',7.0,'{"v":1,"created":50.25,"connection":"mcp:5d0c","current":"3f1c2a9e-0000-4000-8000-000000000001","notebooks":[{"key":"3f1c2a9e-0000-4000-8000-000000000000","path":"sub/nb 0.ipynb","name":"nb 0","kernel_id":"8a2e6c1d-0000-4000-8000-000000000000","kernel_name":"python3","generation":0,"counted_by":null,"started_kernel":true},{"key":"3f1c2a9e-0000-4000-8000-000000000001","path":"sub/nb 1.ipynb","name":"nb 1","kernel_id":"8a2e6c1d-0000-4000-8000-000000000001","kernel_name":"python3","generation":1,"counted_by":null,"started_kernel":true},{"key":"3f1c2a9e-0000-4000-8000-000000000002","path":"sub/nb 2.ipynb","name":"nb 2","kernel_id":null,"kernel_name":null,"generation":null,"counted_by":null,"started_kernel":false}]}');
INSERT INTO "sessions" VALUES('é','s3',100.5,'{"v":1,"created":50.25,"connection":"mcp:5d0c","current":null,"notebooks":[]}');
INSERT INTO "sessions" VALUES('alice','s4',100.5,'{');
CREATE INDEX changes_of_notebook ON changes (notebook, state, number);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('changes',1);
COMMIT;
