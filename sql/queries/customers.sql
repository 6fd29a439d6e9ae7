-- customers.by_id
-- One customer; a merged one leads to whom she was merged into.
SELECT whole.* FROM customer asked
JOIN customer whole ON whole.id = coalesce(asked.merged_into, asked.id)
WHERE asked.id = $1;

-- customers.by_numbers
-- The customer who has one of these forms of a number; the first form that is known decides.
SELECT customer.* FROM unnest($1::text[]) WITH ORDINALITY AS form (number, place)
JOIN customer_number USING (number)
JOIN customer ON customer.id = customer_number.customer
ORDER BY form.place LIMIT 1;

-- customers.by_reference
-- The customer by her id in another program.
SELECT * FROM customer WHERE reference = $1;

-- customers.numbers_of
-- Her numbers, the first first.
SELECT number, raw FROM customer_number WHERE customer = $1 ORDER BY position, number;

-- customers.addresses_of
-- Her addresses.
SELECT kind, text FROM customer_address WHERE customer = $1 ORDER BY kind, text;

-- customers.notes_of
-- The latest notes, the latest first.
SELECT at, written_by, text FROM customer_note WHERE customer = $1 ORDER BY id DESC LIMIT $2;

-- customers.changes_of
-- The latest changes, the latest first.
SELECT at, changed_by, what FROM customer_change WHERE customer = $1 ORDER BY id DESC LIMIT $2;

-- customers.history
-- The latest calls from any of these forms of her numbers, the latest first: each form by its own run of the index.
SELECT call.*, outcome.label AS outcome, outcome.note AS outcome_note
FROM (
    SELECT found.* FROM unnest($1::text[]) AS form (number)
    CROSS JOIN LATERAL (
        SELECT id, began, ended, direction, caller, dialled, queue, agent, end_reason, wait_s, talk_s
        FROM contact WHERE bare_number(contact.caller) = form.number AND contact.direction <> 'internal'
        ORDER BY began DESC LIMIT $2
    ) found
    ORDER BY found.began DESC, found.id DESC LIMIT $2
) call
LEFT JOIN LATERAL (
    SELECT label, note FROM disposition WHERE disposition.contact = call.id ORDER BY seq DESC, n DESC LIMIT 1
) outcome ON true
ORDER BY call.began DESC, call.id DESC;

-- customers.calls_counted
-- How many calls there were from these forms, counted no further than to a limit.
SELECT coalesce(sum(counted.calls), 0)::bigint FROM unnest($1::text[]) AS form (number)
CROSS JOIN LATERAL (
    SELECT count(*) AS calls FROM (
        SELECT FROM contact WHERE bare_number(contact.caller) = form.number AND contact.direction <> 'internal' LIMIT $2
    ) few
) counted;

-- customers.list
-- Customers by the beginning of their name, a tag, or a mark, after id $6.
SELECT id, reference, name, language, tags, vip, do_not_call,
       (SELECT number FROM customer_number WHERE customer = customer.id ORDER BY position, number LIMIT 1) AS number
FROM customer
WHERE merged_into IS NULL
  AND ($1::text IS NULL OR lower(left(name, 40)) LIKE $1)
  AND ($2::text IS NULL OR $2 = ANY (tags))
  AND ($3::boolean IS NULL OR vip = $3) AND ($4::boolean IS NULL OR do_not_call = $4) AND id > $6
ORDER BY id LIMIT $5;

-- customers.export
-- Everybody after an id, with numbers and addresses: a page of an export.
SELECT customer.*,
       (SELECT array_agg(number ORDER BY position, number) FROM customer_number WHERE customer = customer.id) AS numbers,
       (SELECT array_agg(text ORDER BY text) FROM customer_address WHERE customer = customer.id AND kind = 'email') AS emails,
       (SELECT array_agg(text ORDER BY text) FROM customer_address WHERE customer = customer.id AND kind = 'address') AS addresses
FROM customer WHERE id > $1 AND merged_into IS NULL ORDER BY id LIMIT $2;

-- customers.count
-- How many there are.
SELECT count(*) FROM customer WHERE merged_into IS NULL;

-- customers.marked
-- The numbers of those whom the running center must know of.
SELECT number, raw, vip, do_not_call FROM customer
JOIN customer_number ON customer_number.customer = customer.id
WHERE (vip OR do_not_call) ORDER BY number LIMIT $1;

-- customers.add
-- Another customer.
INSERT INTO customer (reference, name, language, fields, tags, vip, do_not_call, do_not_call_source, do_not_call_since)
VALUES ($1, $2, $3, $4::jsonb, $5, $6, $7, $8, $9) RETURNING id;

-- customers.lock
-- Hold a customer who is not merged while she is changed.
SELECT * FROM customer WHERE id = $1 AND merged_into IS NULL FOR UPDATE;

-- customers.change
-- What is known of her, as it is from now on.
UPDATE customer SET reference = $2, name = $3, language = $4, fields = $5::jsonb, tags = $6, vip = $7, do_not_call = $8,
    do_not_call_source = $9, do_not_call_since = $10, changed_at = now()
WHERE id = $1;

-- customers.add_number
-- Give her a number; gives nothing if somebody has it.
INSERT INTO customer_number (number, raw, customer, position)
SELECT $1, $2, $3, coalesce(max(position), 0) + 1 FROM customer_number WHERE customer = $3
ON CONFLICT (number) DO NOTHING RETURNING number;

-- customers.owner_of
-- Whose number it is.
SELECT customer FROM customer_number WHERE number = $1;

-- customers.remove_number
-- Take a number from her.
DELETE FROM customer_number WHERE customer = $1 AND number = $2 RETURNING number;

-- customers.add_address
-- Give her an address.
INSERT INTO customer_address (customer, kind, text) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING;

-- customers.add_note
-- Write something of her down.
INSERT INTO customer_note (customer, written_by, text) VALUES ($1, $2, $3);

-- customers.add_change
-- Who changed what.
INSERT INTO customer_change (customer, changed_by, what) VALUES ($1, $2, $3);

-- customers.remove
-- Take a customer out, with all that is known of her.
DELETE FROM customer WHERE id = $1 OR merged_into = $1;

-- customers.move_numbers
-- The numbers of one become another's, after her own.
UPDATE customer_number SET customer = $2,
    position = position + (SELECT coalesce(max(position), 0) FROM customer_number WHERE customer = $2)
WHERE customer = $1;

-- customers.move_addresses
-- Her addresses, those that the other has not.
INSERT INTO customer_address (customer, kind, text)
SELECT $2, kind, text FROM customer_address WHERE customer = $1 ON CONFLICT DO NOTHING;

-- customers.drop_addresses
-- After they were copied.
DELETE FROM customer_address WHERE customer = $1;

-- customers.move_notes
-- Her notes.
UPDATE customer_note SET customer = $2 WHERE customer = $1;

-- customers.move_changes
-- What was done to her.
UPDATE customer_change SET customer = $2 WHERE customer = $1;

-- customers.merged
-- She leads to the other from now on, and so do those who led to her.
UPDATE customer SET merged_into = $2, reference = NULL, name = '', fields = '{}', tags = '{}', vip = false,
    do_not_call = false, do_not_call_source = '', do_not_call_since = NULL, changed_at = now()
WHERE id = $1 OR merged_into = $1;

-- customers.known
-- Of the references and numbers of a batch: whose they are.
SELECT 'reference' AS what, reference AS value, id AS customer FROM customer WHERE reference = ANY ($1::text[])
UNION ALL
SELECT 'number', number, customer FROM customer_number WHERE number = ANY ($2::text[]);

-- customers.next_ids
-- Ids for the new ones of a batch.
SELECT nextval(pg_get_serial_sequence('customer', 'id')) FROM generate_series(1, $1::int);

-- customers.import_known
-- Change those of a batch who are known: what the file says, where it says something. To be called again is never imported.
UPDATE customer SET
    reference = coalesce(nullif(said.reference, ''), customer.reference),
    name = coalesce(nullif(said.name, ''), customer.name),
    language = coalesce(nullif(said.language, ''), customer.language),
    fields = customer.fields || said.fields::jsonb,
    tags = ARRAY(SELECT DISTINCT tag FROM unnest(customer.tags || string_to_array(said.tags, E'\n')) AS tag ORDER BY tag),
    vip = coalesce(said.vip, customer.vip),
    do_not_call = customer.do_not_call OR said.do_not_call,
    do_not_call_source = CASE WHEN said.do_not_call AND NOT customer.do_not_call THEN $9 ELSE customer.do_not_call_source END,
    do_not_call_since = CASE WHEN said.do_not_call AND NOT customer.do_not_call THEN now() ELSE customer.do_not_call_since END,
    changed_at = now()
FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::boolean[], $8::boolean[])
    AS said (id, reference, name, language, fields, tags, vip, do_not_call)
WHERE customer.id = said.id;

-- customers.import_numbers
-- The numbers of a batch that nobody has yet.
INSERT INTO customer_number (number, raw, customer, position)
SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::int[]) ON CONFLICT (number) DO NOTHING;

-- customers.import_addresses
-- The addresses of a batch.
INSERT INTO customer_address (customer, kind, text)
SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[]) ON CONFLICT DO NOTHING;

-- customers.import_notes
-- The notes of a batch, each once, however often the file is imported.
INSERT INTO customer_note (customer, written_by, text)
SELECT said.customer, $3, said.text FROM unnest($1::bigint[], $2::text[]) AS said (customer, text)
WHERE NOT EXISTS (
    SELECT FROM customer_note known WHERE known.customer = said.customer AND known.text = said.text
);

-- customers.import_stopped
-- Who is not to be called any more by a batch.
INSERT INTO customer_change (customer, changed_by, what)
SELECT stopped, $2, $3 FROM unnest($1::bigint[]) AS stopped;

-- customers.of_contact
-- A past call, as far as a screen shows it.
SELECT id, caller, caller_name, dialled, queue, agent, language, direction, began, ended, end_reason
FROM contact WHERE id = $1;

-- customers.talk_of
-- What the records know of a talk of which the engine may have forgotten.
SELECT talk.agent, talk.queue, contact.caller, contact.caller_name,
       (SELECT count(*) FROM disposition WHERE disposition.contact = talk.contact AND disposition.agent = talk.agent) AS recorded
FROM talk JOIN contact ON contact.id = talk.contact
WHERE talk.contact = $1 AND ($2::text IS NULL OR talk.agent = $2)
ORDER BY talk.seq DESC, talk.n DESC LIMIT 1;

-- customers.stopped_of
-- Who of these must not be called already.
SELECT id FROM customer WHERE id = ANY ($1::bigint[]) AND do_not_call;
