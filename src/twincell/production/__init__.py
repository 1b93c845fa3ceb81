"""Production: orders, tasks, schedules, disruptions, the journal, the orchestrator."""
