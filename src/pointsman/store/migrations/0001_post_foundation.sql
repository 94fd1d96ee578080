-- The tiers of the agents known from the start. The time says that nobody has changed them.

INSERT INTO model_tiers (agent_name, default_model, updated_at, notes) VALUES
    ('DELEGATION_AUDITOR', 'haiku', 'epoch', 'Simple tasks, low reasoning'),
    ('META_UPDATER', 'haiku', 'epoch', 'Simple tasks, low reasoning'),
    ('DBA', 'haiku', 'epoch', 'Simple tasks, low reasoning'),
    ('SYNTHESIZER', 'haiku', 'epoch', 'Simple tasks, low reasoning'),
    ('QA_TESTER', 'sonnet', 'epoch', 'Most work: tests, code, analysis'),
    ('SCHEDULER', 'sonnet', 'epoch', 'Most work: tests, code, analysis'),
    ('FRONTEND_ENGINEER', 'sonnet', 'epoch', 'Most work: tests, code, analysis'),
    ('BACKEND_ENGINEER', 'sonnet', 'epoch', 'Most work: tests, code, analysis'),
    ('RELEASE_MANAGER', 'sonnet', 'epoch', 'Most work: tests, code, analysis'),
    ('TOOLSMITH', 'sonnet', 'epoch', 'Most work: tests, code, analysis'),
    ('RESILIENCE_ENGINEER', 'sonnet', 'epoch', 'Most work: tests, code, analysis'),
    ('COMPLIANCE_AUDITOR', 'sonnet', 'epoch', 'Most work: tests, code, analysis'),
    ('BURNOUT_SENTINEL', 'sonnet', 'epoch', 'Most work: tests, code, analysis'),
    ('CAPACITY_OPTIMIZER', 'sonnet', 'epoch', 'Most work: tests, code, analysis'),
    ('EPIDEMIC_ANALYST', 'sonnet', 'epoch', 'Most work: tests, code, analysis'),
    ('ORCHESTRATOR', 'opus', 'epoch', 'Architecture, coordination, synthesis over agents'),
    ('ARCHITECT', 'opus', 'epoch', 'Architecture, coordination, synthesis over agents'),
    ('COORD_*', 'opus', 'epoch', 'Architecture, coordination, synthesis over agents'),
    ('OPTIMIZATION_SPECIALIST', 'opus', 'epoch', 'Architecture, coordination, synthesis over agents');
