-- compatible-with: 1
-- The parts of an act's target, each on its own: joined by blanks, two different targets could read the same.
-- Older nodes write `target` alone, and read '' there for newer rows.

alter table admin_acts add column target_parts text[] collate "C";
alter table admin_acts alter column target set default '';
