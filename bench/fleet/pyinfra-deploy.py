# The exported project's tasks as pyinfra's own operations, as far as it has them: files, folders, packages, groups, accounts,
# sysctls. What else there is (units, since these hosts have no init, and commands) is left out, to pyinfra's advantage.
import io, json, os
from pyinfra.operations import apt, files, server

for task in json.load(open(os.environ["FLEET_TASKS"])):
    module, args, name = task["module"], task["args"], task["name"]
    if module == "copy":
        files.put(name=name, src=io.StringIO(args["content"]), dest=args["dest"], mode=args.get("mode"),
                  user=args.get("owner"), group=args.get("group"), _sudo=True)
    elif module == "file":
        files.directory(name=name, path=args["path"], mode=args.get("mode"), user=args.get("owner"),
                        group=args.get("group"), _sudo=True)
    elif module == "apt":
        apt.packages(name=name, packages=args["name"], present=args["state"] == "present", _sudo=True)
    elif module == "group":
        server.group(name=name, group=args["name"], _sudo=True)
    elif module == "user":
        server.user(name=name, user=args["name"], shell=args.get("shell"), _sudo=True)
    elif module == "sysctl":
        server.sysctl(name=name, key=args["key"], value=args["value"], _sudo=True)
