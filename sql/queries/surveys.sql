-- surveys.offers
-- Contacts led into a survey in [$1, $2), and how many of them answered a question, by survey, queue and agent.
SELECT survey, queue, agent, count(*) AS offered,
       count(*) FILTER (WHERE EXISTS (SELECT 1 FROM survey_answer a WHERE a.contact = o.contact AND a.survey = o.survey)) AS answered
FROM survey_offer o
WHERE offered >= $1 AND offered < $2 AND ($3::text IS NULL OR queue = $3) AND ($4::text IS NULL OR agent = $4)
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;

-- surveys.answers
-- How often each question was answered how in [$1, $2), by survey, queue and agent; a comment has no answer.
SELECT survey, coalesce(queue, '') AS queue, coalesce(agent, '') AS agent, question, answer, count(*) AS times
FROM survey_answer
WHERE answered >= $1 AND answered < $2 AND ($3::text IS NULL OR queue = $3) AND ($4::text IS NULL OR agent = $4)
GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, min(seq), min(n);

-- surveys.of_contact
-- What one contact answered, in order.
SELECT survey, question, answer, comment FROM survey_answer WHERE contact = $1 ORDER BY seq, n;
