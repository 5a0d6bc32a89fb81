package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/paastech-cloud/paastech/api/wire"
)

func (c *commands) domainsCommand() *cobra.Command {
	list := c.domainsListCommand()
	cmd := newGroup("domains", "Names of your own that the application answers at", list, c.domainsAddCommand(), c.domainsCheckCommand(), c.domainsRemoveCommand())
	cmd.Example = "  paastech domains"
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return group(cmd, args)
		}
		return list.RunE(cmd, args)
	}
	return cmd
}

func (c *commands) domainsListCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "ls",
		Short:   "List the project's domains",
		Example: "  paastech domains ls",
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, project, err := c.project(cmd.Context())
			if err != nil {
				return err
			}
			domains, err := api.Domains(cmd.Context(), project.ID)
			if err != nil {
				return err
			}
			rows := make([][]string, len(domains))
			for i, d := range domains {
				state := "claimed"
				if d.Proven {
					state = "proven"
				}
				rows[i] = []string{string(d.Name), state, string(d.Redirect), printable(d.Trouble)}
			}
			return c.emit(domains, func() {
				if len(rows) == 0 {
					c.say("There are no domains: paastech domains add shop.example.com")
					return
				}
				c.table([]string{"NAME", "STATE", "SENDS TO", "MISSING"}, rows)
			})
		},
	}
}

func (c *commands) domainsAddCommand() *cobra.Command {
	var redirect string
	cmd := &cobra.Command{
		Use:     "add NAME",
		Short:   "Have the application answer at a name, and say which record to set",
		Example: "  paastech domains add shop.example.com\n  paastech domains add www.shop.example.com --redirect shop.example.com\n  paastech domains add '*.shop.example.com'\n  paastech domains add shop.example.com/api -P api",
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, project, err := c.project(cmd.Context())
			if err != nil {
				return err
			}
			domain, err := api.AddDomain(cmd.Context(), project.ID, wire.NewDomain{Name: args[0], Redirect: redirect})
			if err != nil {
				return err
			}
			return c.emit(domain, func() { c.sayDomain(domain) })
		},
	}
	cmd.Flags().StringVar(&redirect, "redirect", "", "send visitors to this domain of the project instead")
	return cmd
}

func (c *commands) domainsCheckCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "check NAME",
		Short:   "Look at the DNS again now",
		Example: "  paastech domains check shop.example.com",
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, project, err := c.project(cmd.Context())
			if err != nil {
				return err
			}
			domain, err := api.CheckDomain(cmd.Context(), project.ID, args[0])
			if err != nil {
				return err
			}
			return c.emit(domain, func() { c.sayDomain(domain) })
		},
	}
}

func (c *commands) domainsRemoveCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "rm NAME",
		Short:   "Give a name up",
		Example: "  paastech domains rm shop.example.com",
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, project, err := c.project(cmd.Context())
			if err != nil {
				return err
			}
			if err := api.RemoveDomain(cmd.Context(), project.ID, args[0]); err != nil {
				return err
			}
			return c.emit(struct{}{}, func() { c.say("%s no longer answers at %s.", project.Name, args[0]) })
		},
	}
}

// sayDomain says that a domain works, or what is to be done.
func (c *commands) sayDomain(domain wire.Domain) {
	if domain.Proven && domain.Trouble == "" {
		c.say("%s is yours, and the application answers there.", domain.Name)
		return
	}
	c.say("%s", domain.Trouble)
	if len(domain.Records) == 0 {
		c.say("It is looked at again by itself, or now by: paastech domains check %s", domain.Name)
		return
	}
	which := "one"
	if strings.HasPrefix(domain.Name, "*.") { // what leads here does not prove all names below
		which = "both"
	}
	c.say("Set %s of these records where the DNS of the name is managed:", which)
	rows := make([][]string, len(domain.Records))
	for i, r := range domain.Records {
		rows[i] = []string{r.Type, r.Name, r.Value, r.For}
	}
	c.table([]string{"TYPE", "NAME", "VALUE", "WHAT FOR"}, rows)
	c.say("It is looked at again by itself, or now by: paastech domains check %s", domain.Name)
}
