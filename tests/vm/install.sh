#!/usr/bin/env bash
# Inside the throw-away guest, in the folder that start.sh prepared: install joblet.
set -euo pipefail

cp -a site /opt/joblet
echo /opt/joblet >/usr/local/lib/python3.11/dist-packages/joblet.pth
while read -r program module; do
    printf '#!/usr/bin/python3\nfrom %s import main\nmain()\n' "$module" >"/usr/local/bin/$program"
    chmod 755 "/usr/local/bin/$program"
done <<'END'
joblet joblet.admin.main
rnx joblet.cli.main
END
