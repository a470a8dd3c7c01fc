#include "core/group.h"
#include "core/user.h"
#include "latchkey/admin/table.h"

namespace latchkey::app {
namespace {

constexpr Action kUserActions[] = {
    {.verb = "ban",
     .method = "POST",
     .path = "/actions/ban",
     .done = "banned",
     .help = "Shut them and the licenses they own out"},
    {.verb = "unban",
     .method = "POST",
     .path = "/actions/unban",
     .done = "let in again",
     .help = "Let them in again"},
};

constexpr Action kGroupActions[] = {
    {.verb = "add-owner",
     .method = "POST",
     .path = "/owners",
     .done = "got its owners",
     .help = "Let these users see the group and its members",
     .linked = "users"},
    {.verb = "remove-owner",
     .method = "DELETE",
     .path = "/owners",
     .done = "lost these owners",
     .help = "Take that from these users",
     .linked = "users"},
};

}  // namespace

const Noun& Users() {
  static const Noun noun{.name = "users",
                         .resource = core::ResourceOf<core::User>,
                         .help = "People: customers, and staff with a role",
                         .columns = {"id", "email", "fullName", "role", "status"},
                         .actions = kUserActions};
  return noun;
}

const Noun& Groups() {
  static const Noun noun{.name = "groups",
                         .resource = core::ResourceOf<core::Group>,
                         .help = "Users, licenses and machines that belong together",
                         .columns = {"id", "name", "maxUsers", "maxLicenses", "maxMachines"},
                         .actions = kGroupActions};
  return noun;
}

}  // namespace latchkey::app
