-- All texts of a tenant in lower case, in which free text is looked for: to make them so for every row takes long.
ALTER TABLE tenants ADD COLUMN search_text TEXT COLLATE "C" NOT NULL DEFAULT '';
UPDATE tenants SET search_text = lower_unicode(
    name || chr(31) || domain || chr(31) || coalesce(website, '') || chr(31) || timezone || chr(31) || currency || chr(31) || region
);
