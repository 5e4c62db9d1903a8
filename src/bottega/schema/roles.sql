-- The roles the processes act as. None can log in by itself, owns a table, or may pass by row-level security.
do $$
declare
  r text;
begin
  foreach r in array array['bottega_app', 'bottega_batch', 'bottega_relay', 'bottega_auditor']
  loop
    if not exists (select from pg_roles where rolname = r) then
      begin
        execute format('create role %I nologin nosuperuser nobypassrls nocreatedb nocreaterole', r);
      exception when duplicate_object or unique_violation then
        null;  -- another process made it in the same moment
      end;
    end if;
    -- From 16 on, whoever makes a role may administer it but not become it, until that is granted as well.
    if not pg_has_role(current_user, r, case when current_setting('server_version_num')::integer < 160000
                                             then 'member' else 'set' end) then
      execute format('grant %I to %I', r, current_user);
    end if;
  end loop;
end
$$;
revoke create on schema public from public;
