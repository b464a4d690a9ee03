-- All texts of a tenant in lower case, in which free text is looked for: to make them so for every row takes long.
ALTER TABLE tenants ADD COLUMN search_text TEXT NOT NULL DEFAULT '';
UPDATE tenants SET search_text = lower_unicode(
    name || char(31) || domain || char(31) || coalesce(website, '') || char(31) || timezone || char(31) || currency || char(31) || region
);
