-- What a drift has made old is looked up by its agent, model and kind of task, for each drift and each time
-- that confidences are learned: without an index all contributions would be read as often.
CREATE INDEX learning_contributions_cell ON learning_contributions (agent_id, model, slice, at);
