-- answerers.score
-- Decisions of detectors between two times by campaign, trunk and detector, with what agents say of them.
SELECT campaign, trunk, detector,
       count(*) FILTER (WHERE answerer = 'human') AS said_human,
       count(*) FILTER (WHERE answerer = 'machine') AS said_machine,
       count(*) FILTER (WHERE answerer = 'unsure') AS said_unsure,
       count(*) FILTER (WHERE answerer = 'machine' AND stands_for > 0) AS heard,
       count(*) FILTER (WHERE answerer = 'machine' AND labelled IS NOT NULL) AS machine_labelled,
       count(*) FILTER (WHERE answerer = 'machine' AND labelled = 'human') AS machine_human,
       count(*) FILTER (WHERE answerer <> 'machine' AND labelled IS NOT NULL) AS passed_labelled,
       count(*) FILTER (WHERE answerer <> 'machine' AND labelled = 'machine') AS passed_machine,
       avg(took_s) AS took_s
FROM answerer
WHERE settled >= $1 AND settled < $2 AND ($3::text IS NULL OR campaign = $3)
GROUP BY campaign, trunk, detector
ORDER BY campaign, trunk, detector;
