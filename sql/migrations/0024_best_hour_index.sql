-- Leads are claimed by their best hour without looking at all of a list.

CREATE INDEX lead_by_hour ON lead (list, zones, (coalesce(best_hour, -1)), priority DESC, id) WHERE state = 'ready';
