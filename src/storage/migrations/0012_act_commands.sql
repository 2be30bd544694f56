-- compatible-with: 1
-- The command that an act is done by: another node decides it only where this row says that it is recorded.

alter table admin_acts add column command_id uuid;
