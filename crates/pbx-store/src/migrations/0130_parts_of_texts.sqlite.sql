-- Finds the tenants whose texts contain some characters, by every three that follow each other. The texts stay in tenants alone.
CREATE VIRTUAL TABLE tenant_texts USING fts5(
    search_text, content = 'tenants', content_rowid = 'id', tokenize = 'trigram', detail = 'none', columnsize = 0
);
INSERT INTO tenant_texts (tenant_texts) VALUES ('rebuild');
CREATE TRIGGER tenant_texts_insert AFTER INSERT ON tenants BEGIN
    INSERT INTO tenant_texts (rowid, search_text) VALUES (new.id, new.search_text);
END;
CREATE TRIGGER tenant_texts_delete AFTER DELETE ON tenants BEGIN
    INSERT INTO tenant_texts (tenant_texts, rowid, search_text) VALUES ('delete', old.id, old.search_text);
END;
CREATE TRIGGER tenant_texts_update AFTER UPDATE OF search_text ON tenants WHEN old.search_text <> new.search_text BEGIN
    INSERT INTO tenant_texts (tenant_texts, rowid, search_text) VALUES ('delete', old.id, old.search_text);
    INSERT INTO tenant_texts (rowid, search_text) VALUES (new.id, new.search_text);
END;
